//! A real browser: Chromium without a window, driven through chromedriver.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a page may take to show what was asked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A browser with one tab.
pub struct Browser {
    driver: Child,
    client: Client,
    /// The address of the console's listener.
    base: String,
    _profile: TempDir,
}

/// How a browser is set up.
#[derive(Clone, Copy)]
pub struct Look {
    /// `en` or `zh-CN`.
    pub language: &'static str,
    /// `light` or `dark`.
    pub theme: &'static str,
    pub width: u32,
}

impl Look {
    pub const ENGLISH: Self = Self { language: "en", theme: "light", width: 1280 };
}

/// A command that chromedriver has beside those of the standard.
#[derive(Debug)]
struct ChromeCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for ChromeCommand {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// Starts chromedriver on a free port. It ends at once if another process takes the port that it has chosen.
fn start_driver() -> (Child, String) {
    const TRIES: usize = 5;
    for _ in 0..TRIES {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: scripts/test installs it");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map(Result::unwrap);
        if let Some(started) = lines.find(|line| line.contains("started successfully on port")) {
            std::thread::spawn(move || lines.for_each(drop));
            return (driver, started.rsplit(' ').next().unwrap().trim_end_matches('.').to_owned());
        }
        driver.wait().unwrap();
    }
    panic!("chromedriver does not start");
}

impl Browser {
    /// A browser for the listener at `base`.
    pub async fn open(base: String, look: Look) -> Self {
        let (driver, port) = start_driver();
        let profile = tempfile::tempdir().unwrap();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(profile.path(), look))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let browser = Self { driver, client, base, _profile: profile };
        let features = [json!({"name": "prefers-color-scheme", "value": look.theme})];
        browser
            .chrome("goog/cdp/execute", json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}))
            .await;
        browser
    }

    async fn chrome(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(ChromeCommand { path, body }).await.unwrap()
    }

    /// Opens a page of the console.
    pub async fn open_page(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// Opens any page.
    pub async fn open_url(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Signs in on the page that is shown.
    pub async fn sign_in(&self, app: &str, token: &str) {
        self.find("//input[@name='app']").await.send_keys(app).await.unwrap();
        self.find("//input[@name='token']").await.send_keys(token).await.unwrap();
        self.find("//main//button").await.click().await.unwrap();
    }

    /// The first element at `xpath`, once it is there.
    pub async fn find(&self, xpath: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(xpath)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{xpath}: {error}\n{}", self.text().await),
        }
    }

    /// Waits until the page shows `text`.
    pub async fn shows(&self, text: &str) {
        let literal = literal(text);
        self.find(&format!("//body//*[not(self::script)][contains(normalize-space(.), {literal})]")).await;
    }

    /// Sets the field with that label.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.find(&labelled(label)).await;
        if field.tag_name().await.unwrap() == "select" {
            field.select_by_value(text).await.unwrap();
        } else {
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        }
    }

    /// Ticks the box with that label, or unticks it.
    pub async fn tick(&self, label: &str) {
        self.find(&labelled(label)).await.click().await.unwrap();
    }

    /// Presses a button.
    pub async fn press(&self, name: &str) {
        self.find(&format!("//button[normalize-space()={}]", literal(name))).await.click().await.unwrap();
    }

    /// Follows a link.
    pub async fn follow(&self, name: &str) {
        self.find(&format!("//a[normalize-space()={}]", literal(name))).await.click().await.unwrap();
    }

    /// The path of the page that is shown.
    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// The text of the page.
    pub async fn text(&self) -> String {
        let script = "return document.body.innerText";
        self.client.execute(script, Vec::new()).await.unwrap().as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Presses keys, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Writes what is shown to `target/screenshots`, down to the end of the page.
    pub async fn screenshot(&self, name: &str) {
        let height = self.run("return Math.max(document.documentElement.scrollHeight, 600)").await.as_u64().unwrap();
        let width = self.run("return window.innerWidth").await.as_u64().unwrap();
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height.min(8000), "scale": 1});
        let params = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let shot = self.chrome("goog/cdp/execute", json!({"cmd": "Page.captureScreenshot", "params": params})).await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        fs::create_dir_all(&folder).unwrap();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, shot["data"].as_str().unwrap());
        fs::write(folder.join(format!("{name}.png")), bytes.unwrap()).unwrap();
    }

    /// Checks what the browser has logged since the last call: no error, no violation of the content security policy,
    /// no request to another host.
    pub async fn assert_clean(&self) {
        let logged = self.chrome("se/log", json!({"type": "browser"})).await;
        let wrong: Vec<&Value> = logged.as_array().unwrap().iter().filter(|entry| entry["level"] != "INFO").collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let logged = self.chrome("se/log", json!({"type": "performance"})).await;
        for entry in logged.as_array().unwrap() {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let message = &message["message"];
            if message["method"] == "Network.requestWillBeSent" {
                let url = message["params"]["request"]["url"].as_str().unwrap();
                assert!(url.starts_with(&self.base) || !url.starts_with("http"), "a request to {url}");
            }
        }
    }

    /// What the browser has logged since the last call, for pages that are refused on purpose.
    pub async fn forget_log(&self) {
        self.chrome("se/log", json!({"type": "browser"})).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser is in the same group.
        let group = format!("-{}", self.driver.id());
        Command::new("kill").args(["-KILL", "--", &group]).status().ok();
        self.driver.wait().ok();
    }
}

fn capabilities(profile: &Path, look: Look) -> Capabilities {
    let profile = format!("--user-data-dir={}", profile.display());
    let window = format!("--window-size={},900", look.width);
    let options = json!({
        "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", profile, window],
        "prefs": {"intl.accept_languages": look.language},
    });
    let logs = json!({"browser": "ALL", "performance": "ALL"});
    let all = [("browserName", json!("chrome")), ("goog:chromeOptions", options), ("goog:loggingPrefs", logs)];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The field with that label.
fn labelled(label: &str) -> String {
    let label = literal(label);
    format!("//label[span[normalize-space()={label}]]/*[self::input or self::select or self::textarea]")
}

/// A string of `XPath`.
fn literal(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
