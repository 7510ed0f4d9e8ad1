//! The Dockerfile, docker-compose.yml, the Debian package and the Kubernetes manifests: held against the code and against
//! each other. `scripts/test-package` installs the package; the containers need an engine, which tests do not have.

use std::{collections::BTreeMap, fs, process::Command};

use diglot::{config::SETTINGS, transport::openapi_document};
use serde_json::{Value, json};

use crate::{metrics::file, support::Shell};

const MANIFESTS: [&str; 5] = ["configmap", "deployment", "poddisruptionbudget", "secret.example", "services"];

fn manifest_path(name: &str) -> String {
    format!("deploy/kubernetes/{name}.yaml")
}

/// The documents of a manifest.
fn manifest(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&file(&manifest_path(name))).unwrap()
}

fn deployment() -> Value {
    manifest("deployment").remove(0)
}

fn compose() -> Value {
    serde_saphyr::from_str(&file("docker-compose.yml")).unwrap()
}

/// The container of the gateway.
fn container() -> Value {
    deployment()["spec"]["template"]["spec"]["containers"][0].clone()
}

fn default_of(name: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.name == name).unwrap().default.unwrap()
}

fn keys(map: &Value) -> Vec<String> {
    map.as_object().unwrap().keys().cloned().collect()
}

/// The instructions of the Dockerfile, each on one line.
fn dockerfile() -> Vec<String> {
    file("Dockerfile").replace("\\\n", "").lines().map(str::to_owned).collect()
}

/// What follows an instruction of the Dockerfile, wherever it stands.
fn instructions(name: &str) -> Vec<String> {
    dockerfile().iter().filter_map(|line| Some(line.strip_prefix(name)?.trim().to_owned())).collect()
}

/// The value of a key of the unit.
fn unit(key: &str) -> String {
    let text = file("deploy/systemd/diglot.service");
    let found = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no {key}")).to_owned()
}

fn secs(text: &str) -> u64 {
    text.trim_end_matches('s').parse().unwrap()
}

#[test]
fn all_deployments_name_settings_that_exist() {
    let mut named = keys(&compose()["services"]["gateway"]["environment"]);
    named.extend(keys(&manifest("configmap")[0]["data"]));
    named.extend(keys(&manifest("secret.example")[0]["stringData"]));
    let variables = instructions("ENV").remove(0);
    named.extend(variables.split(' ').map(|pair| pair.split('=').next().unwrap().to_owned()));
    let files = ["Dockerfile", "docker-compose.yml", "deploy/systemd/diglot.service", "scripts/test-package"];
    for path in files.map(str::to_owned).into_iter().chain(MANIFESTS.map(manifest_path)) {
        let text = file(&path);
        let words = text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
        named.extend(words.filter(|word| word.starts_with("DIGLOT_") && *word != "DIGLOT_").map(str::to_owned));
    }
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        assert!(SETTINGS.iter().any(|setting| setting.name == name), "{name}");
    }
}

#[test]
fn the_settings_of_the_package_are_accepted_also_those_in_comments() {
    let sample = file("deploy/debian/diglot.toml");
    let is_setting = |line: &&str| {
        let key = line.trim_start_matches("# ").split(" = ").next().unwrap();
        line.contains(" = ") && key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
    };
    let (commented, active): (Vec<&str>, Vec<&str>) =
        sample.lines().filter(is_setting).partition(|line| line.starts_with('#'));
    assert!(commented.len() >= 10 && active == ["database_url = \"sqlite:/var/lib/diglot/diglot.db\""]);
    let secret = format!("secret = \"{}\"", "0123456789abcdef".repeat(2));
    let uncommented = commented.join("\n").replace("# ", "").replace("secret = \"\"", &secret);
    let shell = Shell::new();
    for text in [&sample, &uncommented] {
        fs::write(shell.path().join("diglot.toml"), text).unwrap();
        shell.run(&["config", "--config", "diglot.toml"]);
    }
}

#[test]
fn all_deployments_use_the_same_ports() {
    let faces = [("app", "DIGLOT_LISTEN"), ("web", "DIGLOT_WEB_LISTEN"), ("ops", "DIGLOT_OPS_LISTEN")];
    let ports: BTreeMap<&str, u64> =
        faces.map(|(face, name)| (face, default_of(name).rsplit(':').next().unwrap().parse().unwrap())).into();

    assert_eq!(instructions("EXPOSE"), [["app", "web", "ops"].map(|face| ports[face].to_string()).join(" ")]);
    let variables = faces.map(|(face, name)| format!("{name}=0.0.0.0:{}", ports[face]));
    assert_eq!(instructions("ENV"), [variables.join(" ")]);
    let published = ["app", "web"].map(|face| json!(format!("127.0.0.1:{0}:{0}", ports[face])));
    assert_eq!(compose()["services"]["gateway"]["ports"], json!(published));

    let named =
        |port: &Value, number: &str| (port["name"].as_str().unwrap().to_owned(), port[number].as_u64().unwrap());
    let of = |list: &Value, number: &str| -> BTreeMap<String, u64> {
        list.as_array().unwrap().iter().map(|port| named(port, number)).collect()
    };
    let expected: BTreeMap<String, u64> = ports.iter().map(|(face, port)| ((*face).to_owned(), *port)).collect();
    assert_eq!(of(&container()["ports"], "containerPort"), expected);
    let services = manifest("services");
    let served = services.iter().flat_map(|service| of(&service["spec"]["ports"], "port")).collect::<BTreeMap<_, _>>();
    assert_eq!(served, expected);
    for port in services.iter().flat_map(|service| service["spec"]["ports"].as_array().unwrap()) {
        assert_eq!(port["name"], port["targetPort"]);
    }
    assert_eq!(keys(&json!(of(&services[0]["spec"]["ports"], "port"))), ["app", "web"], "the ops face stays inside");
}

#[test]
fn all_deployments_use_the_same_versions() {
    let mut images = instructions("FROM");
    let services = compose()["services"].clone();
    images.extend(["postgres", "redis"].map(|name| services[name]["image"].as_str().unwrap().to_owned()));
    let tags: BTreeMap<&str, &str> =
        images.iter().map(|image| image.split(' ').next().unwrap().split_once(':').unwrap()).collect();
    assert_eq!(tags.keys().copied().collect::<Vec<_>>(), ["debian", "postgres", "redis", "rust"]);
    let suite = tags["debian"].split('-').next().unwrap();
    for (image, tag) in &tags {
        assert!(tag.split('-').any(|part| part == suite), "{image}:{tag} is not of {suite}");
    }
    let number = |text: &str| text.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    let rust = number(tags["rust"].split('-').next().unwrap());
    let minimum = number(env!("CARGO_PKG_RUST_VERSION"));
    assert!(rust[..] == minimum[..1] || rust >= minimum, "Rust {rust:?} for {minimum:?}");

    let kustomization: Value = serde_saphyr::from_str(&file("deploy/kubernetes/kustomization.yaml")).unwrap();
    let image = &kustomization["images"][0];
    assert_eq!((&image["name"], &image["newTag"]), (&container()["image"], &json!(env!("CARGO_PKG_VERSION"))));
    let applied: Vec<String> = MANIFESTS.map(|name| format!("{name}.yaml")).into();
    let applied: Vec<&String> = applied.iter().filter(|name| !name.contains("example")).collect();
    assert_eq!(kustomization["resources"], json!(applied));

    let build = "cargo build --profile dist --locked --no-default-features";
    assert!(dockerfile().contains(&format!("RUN {build}")) && file("scripts/package").contains(build));
}

#[test]
fn all_deployments_wait_until_a_node_has_stopped() {
    let default = |name| secs(default_of(name));
    let shutdown = default("DIGLOT_DRAIN_SECS") + default("DIGLOT_SHUTDOWN_SECS");
    assert!(secs(compose()["services"]["gateway"]["stop_grace_period"].as_str().unwrap()) > shutdown);
    assert!(secs(&unit("TimeoutStopSec")) > shutdown);

    let pod = deployment()["spec"]["template"]["spec"].clone();
    let settings = manifest("configmap")[0]["data"].clone();
    let set = |name: &str| secs(settings[name].as_str().unwrap());
    let command = container()["lifecycle"]["preStop"]["exec"]["command"].clone();
    assert_eq!(command[0], "sleep");
    let before_stop = secs(command[1].as_str().unwrap());
    let all = before_stop + set("DIGLOT_DRAIN_SECS") + set("DIGLOT_SHUTDOWN_SECS");
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > all);
    let period = container()["readinessProbe"]["periodSeconds"].as_u64().unwrap();
    assert!(set("DIGLOT_DRAIN_SECS") >= 2 * period);
}

#[test]
fn pods_are_probed_selected_and_confined() {
    let paths = openapi_document()["paths"].clone();
    for (probe, path) in [("startupProbe", "/healthz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")] {
        assert_eq!(container()[probe]["httpGet"], json!({"path": path, "port": "ops"}), "{probe}");
        assert!(paths.get(path).is_some(), "{path}");
    }
    let template = deployment()["spec"]["template"].clone();
    let labels = &template["metadata"]["labels"];
    let spec = deployment()["spec"].clone();
    assert_eq!(spec["selector"]["matchLabels"], *labels);
    assert_eq!(manifest("poddisruptionbudget")[0]["spec"]["selector"]["matchLabels"], *labels);
    for service in manifest("services") {
        assert_eq!(service["spec"]["selector"], *labels);
    }
    let unavailable = manifest("poddisruptionbudget")[0]["spec"]["maxUnavailable"].as_u64().unwrap();
    assert!(spec["replicas"].as_u64().unwrap() > unavailable, "one stays up");

    let user = template["spec"]["securityContext"]["runAsUser"].to_string();
    assert!(file("Dockerfile").contains(&format!("useradd --system --uid {user} ")), "{user}");
    let containers = ["initContainers", "containers"].map(|kind| template["spec"][kind][0].clone());
    for (container, command) in containers.iter().zip(["migrate", "serve"]) {
        let security = &container["securityContext"];
        assert_eq!(
            (&security["readOnlyRootFilesystem"], &security["capabilities"]),
            (&json!(true), &json!({"drop": ["ALL"]}))
        );
        assert_eq!(container["args"], json!([command]));
        let sources = json!([{"configMapRef": {"name": "diglot"}}, {"secretRef": {"name": "diglot"}}]);
        assert_eq!(container["envFrom"], sources);
    }
}

#[test]
fn the_unit_runs_what_the_package_installs_as_its_user() {
    let cargo: toml::Table = file("Cargo.toml").parse().unwrap();
    let package = &cargo["package"]["metadata"]["deb"];
    let start = unit("ExecStart");
    let [program, "serve", "--config", settings] = start.split(' ').collect::<Vec<_>>()[..] else { panic!("{start}") };
    let assets: Vec<String> =
        package["assets"].as_array().unwrap().iter().map(|asset| format!("/{}", asset[1].as_str().unwrap())).collect();
    for path in [program, settings] {
        assert!(assets.contains(&format!("{}/", path.rsplit_once('/').unwrap().0)), "{path}");
    }
    assert_eq!(package["conf-files"][0].as_str(), Some(settings));
    let setup = file("deploy/debian/postinst");
    let (user, folder) = (unit("User"), unit("WorkingDirectory"));
    assert!(setup.contains(&format!("-d -m 0700 -o {user} -g {} {folder}\n", unit("Group"))), "{setup}");
    assert_eq!(format!("/var/lib/{}", unit("StateDirectory")), folder);
    assert_eq!(unit("RestartPreventExitStatus"), "2", "the exit code for invalid settings");
    assert!(unit("ExecReload").contains("-HUP $MAINPID"));
}

#[test]
#[ignore = "needs Python's kubernetes-validate: run scripts/test"]
fn the_manifests_fit_the_schemas_of_kubernetes() {
    let paths = MANIFESTS.map(manifest_path);
    let check = |paths: &[String]| {
        let mut command = Command::new("kubernetes-validate");
        command.arg("--strict").args(paths).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
    };
    let output = check(&paths);
    let report = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && report.matches(" passed for ").count() == MANIFESTS.len() + 1, "{report}");

    let shell = Shell::new();
    let wrong = file(&paths[1]).replace("containerPort:", "containerPrt:");
    fs::write(shell.path().join("wrong.yaml"), wrong).unwrap();
    assert!(
        !check(&[shell.path().join("wrong.yaml").display().to_string()]).status.success(),
        "a misspelt field is found"
    );
}
