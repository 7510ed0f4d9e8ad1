//! The README's commands do what it says. Their sample values are replaced by those of a running gateway.

use std::process::Command;

use crate::support::{Backend, Dev, Node, Shell, server_urls};

const README: &str = include_str!("../../README.md");

/// The code blocks of the README's section `title`, each with its language.
fn blocks(title: &str) -> Vec<(&'static str, &'static str)> {
    let section = README.split("\n## ").find(|section| section.starts_with(title)).unwrap();
    let fenced = section.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

/// A command of the README with the values of this gateway.
fn adapt(dev: &Dev, command: &str) -> String {
    command
        .replace("127.0.0.1:8080", &dev.address("app"))
        .replace("127.0.0.1:8081", &dev.address("web"))
        .replace("y6De5hWehU90", &dev.printed("password "))
        .replace("3Z0O4rDI-SC0v-yCHn-IR6T-xsPkeR9X2e1w", &dev.printed("its token"))
        .replace("adm-P8KsAQP1-yScY-cUNm-OfdI-H4TAXKam8Fvj", &dev.printed("admin token"))
}

/// Stdout of a shell command in the project's folder.
fn sh(command: &str) -> String {
    let output =
        Command::new("sh").args(["-e", "-c", command]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

/// The text without the values that differ between runs: long words with digits.
fn masked(text: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mask = |word: &str| {
        if word.len() > 10 && word.contains(|letter: char| letter.is_ascii_digit()) {
            "…".to_owned()
        } else {
            word.to_owned()
        }
    };
    let (mut masked, mut word) = (String::new(), String::new());
    for letter in text.chars().chain([' ']) {
        if is_word(letter) {
            word.push(letter);
        } else {
            masked.push_str(&mask(&word));
            masked.push(letter);
            word.clear();
        }
    }
    masked.trim().to_owned()
}

#[test]
#[ignore = "needs curl and Python's grpcio-tools: run scripts/test"]
fn the_example_requests_get_the_answers_shown() {
    let dev = Dev::start();
    let examples = blocks("Example requests");
    assert!(examples.len() >= 8);
    for pair in examples.chunks(2) {
        let [("sh", command), (_, answer)] = pair else { panic!("{pair:?}") };
        let real = masked(&sh(&adapt(&dev, command)));
        if command.contains("curl -s -i") {
            // Some headers are omitted.
            answer.lines().for_each(|line| assert!(real.contains(line), "{command}{line} is not in {real}"));
        } else {
            assert_eq!(real, masked(answer), "{command}");
        }
    }
}

#[test]
#[ignore = "needs curl: run scripts/test"]
fn the_requests_printed_by_the_development_mode_succeed() {
    let dev = Dev::start();
    let start = dev.lines.iter().position(|line| line == "Requests to paste:").unwrap();
    let commands = dev.lines[start + 1..].join("\n").replace("\\\n", "").replace("| od -c", "");
    let commands: Vec<&str> = commands.lines().filter(|line| line.contains("curl")).collect();
    assert!(commands.len() >= 6);
    for command in commands {
        let answer = sh(command);
        let is_success = ["success", "\"code\":1,", "\"code\":200,"].iter().any(|sign| answer.contains(sign));
        assert!(is_success, "{command}: {answer}");
    }
}

#[test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
fn the_deployment_commands_work_in_their_order() {
    assert!(server_urls().is_some());
    let backend = Backend::new();
    let shell = Shell::with(backend.environment());
    let [("sh", commands), ..] = blocks("Deployment")[..] else { panic!() };
    let mut node = None;
    for line in commands.lines().map(|line| line.split(" #").next().unwrap().trim()) {
        if let Some(arguments) = line.strip_prefix("diglot ") {
            let arguments: Vec<&str> = arguments.split(' ').collect();
            match arguments[..] {
                ["serve"] => node = Some(Node::start(&backend.environment())),
                ["doctor"] => assert!(shell.output(&arguments).status.success()),
                _ => drop(shell.run(&arguments)),
            }
        } else {
            assert!(line.starts_with("export ") || line.starts_with("cargo build"), "{line}");
        }
    }
    std::fs::write(shell.path().join("users.csv"), "username,password\nalice,secret\n").unwrap();
    let mut imports = blocks("Deployment").into_iter().filter(|(_, block)| block.contains("user import"));
    let import = imports.next().unwrap().1.trim().strip_prefix("diglot ").unwrap();
    assert_eq!(shell.run(&import.split(' ').collect::<Vec<_>>()), "1 imported, 0 refused\n");
    let export = ["user", "export", "--app", "default", "--with-password-hashes"];
    assert!(README.contains(&export.join(" ")) && shell.run(&export).contains("alice"));
    node.unwrap().stop();
}
