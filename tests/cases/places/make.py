"""Makes the files of this folder, in MaxMind's format: `pip install mmdb-writer==0.2.7 && python make.py`."""

import time
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet

# The files say when they were made; so they are the same each time.
time.time = lambda: 1767225600  # 2026-01-01T00:00:00Z
FOLDER = Path(__file__).parent
GERMANY = {"names": {"en": "Germany", "zh-CN": "德国"}, "iso_code": "DE"}
BAVARIA = {"names": {"en": "Bavaria", "zh-CN": "巴伐利亚"}, "iso_code": "BY"}
JAPAN = {"names": {"en": "Japan", "zh-CN": "日本"}, "iso_code": "JP"}
CHINA = {"names": {"en": "China", "zh-CN": "中国"}, "iso_code": "CN"}
GUANGDONG = {"names": {"en": "Guangdong", "zh-CN": "广东"}, "iso_code": "GD"}


def write(name, database_type, languages, records, ip_version=6):
    writer = MMDBWriter(
        ip_version=ip_version,
        ipv4_compatible=ip_version == 6,
        database_type=database_type,
        languages=languages,
        description=f"networks of documentation (RFC 5737, RFC 3849) as {database_type}",
    )
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(FOLDER / name))


write(
    "city.mmdb",
    "GeoLite2-City",
    ["en", "zh-CN"],
    {
        "203.0.113.0/24": {"country": GERMANY, "subdivisions": [BAVARIA]},
        "198.51.100.0/24": {"country": JAPAN},
        "192.0.2.0/24": {"registered_country": JAPAN},
        "2001:db8::/32": {"country": CHINA, "subdivisions": [GUANGDONG]},
    },
)
write("country.mmdb", "GeoLite2-Country", ["en"], {"203.0.113.0/24": {"country": GERMANY}}, ip_version=4)
write("asn.mmdb", "GeoLite2-ASN", ["en"], {"203.0.113.0/24": {"autonomous_system_number": 64496}})
# Names that are no text for others to see, and one that is no text at all.
STRANGE = {
    "203.0.113.0/28": {"country": {"names": {"en": "Ger\0many"}}},
    "203.0.113.16/28": {"country": {"names": {"en": "Ger\nmany"}}},
    "203.0.113.32/28": {"country": GERMANY, "subdivisions": [{"names": {"en": "\u202eBavaria"}}]},
    "203.0.113.48/28": {"country": {"names": {"en": "x" * 129}}},
    "203.0.113.64/28": {"country": {"names": {"en": "x" * 128}}},
    "203.0.113.80/28": {"country": {"names": {"en": 7}}},
    "198.51.100.0/24": {"country": JAPAN},
}
write("strange.mmdb", "GeoLite2-City", ["en"], STRANGE, ip_version=4)
