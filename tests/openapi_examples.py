"""Validates every example of an OpenAPI document against its schema. Called by tests/it/openapi.rs."""

import json
import sys

from openapi_schema_validator import OAS31Validator

document = json.load(open(sys.argv[1], encoding="utf-8"))
count = 0
for path, item in document["paths"].items():
    for method, operation in item.items():
        for part in [operation.get("requestBody", {}), operation["responses"].get("200", {})]:
            for media_type, content in part.get("content", {}).items():
                if "example" in content:
                    # References are resolved within the schema.
                    schema = {**content["schema"], "components": document["components"]}
                    for error in OAS31Validator(schema).iter_errors(content["example"]):
                        sys.exit(f"{method} {path} {media_type}: {error.message}")
                    count += 1
print(count)
