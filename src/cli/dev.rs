//! Development mode: creates sample data and prints requests to try.

use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use super::Failure;
use crate::{
    domain::{
        Operator, Origin,
        access::authenticate,
        accounts,
        registration::{self, Registration},
        sessions, tenants,
    },
    gateway::Gateway,
    model::{DeviceKey, Language, LoginDevice, LoginName, Password, Platform, Username},
    transport::Listeners,
};

const USERNAME: &str = "demo";
const TOKEN_NAME: &str = "dev";

/// Creates the default tenant, a demo user and an admin token, and returns what their use needs. The password and the
/// tokens are generated at every start, so that there are no default credentials.
pub(super) async fn prepare(gateway: &Gateway, listeners: &Listeners) -> Result<Greeting, Failure> {
    let tenant = &gateway.config.default_app;
    let operator = Operator::command_line(tenant.clone());
    tenants::create(gateway, &operator).await?;
    let secret = gateway.random.base62(12)?;
    let account =
        Registration { username: Username::parse(USERNAME)?, password: Password::parse("password", &secret, 1)? };
    let user = registration::create_or_reset(gateway, &operator, account.clone()).await?;
    accounts::enable(gateway, &operator, vec![user]).await?;
    tenants::revoke_admin_token(gateway, &operator, TOKEN_NAME.to_owned()).await?;
    let admin_token = tenants::create_admin_token(gateway, &operator, TOKEN_NAME, None).await?;
    let origin = Origin {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        request_id: "dev".into(),
        user_agent: "diglot serve --dev".to_owned(),
        language: Language::En,
    };
    let anonymous = authenticate::anonymous(gateway, tenant.clone(), origin).await?;
    let name = LoginName::parse("name", USERNAME)?;
    let key = DeviceKey::parse("device", "dev")?;
    let device = LoginDevice::new(key, Platform::parse("linux")?);
    let login = sessions::login_with_password(gateway, &anonymous, name, &account.password, device).await?;
    let scheme = if listeners.tls().is_some() { "https" } else { "http" };
    let [app, web, ops] = listeners.addresses().map(|(_, address)| address);
    let url = |address| format!("{scheme}://{address}");
    let ops_url = ops.map(|address| format!("http://{address}"));
    let console_url = ops_url.as_ref().filter(|_| gateway.config.has_console).map(|url| {
        // Browsers send nothing behind `#` to any server.
        format!("{url}/console/sign-in#app={tenant}&token={}", admin_token.reveal())
    });
    Ok(Greeting {
        app_url: app.map(url).unwrap_or_default(),
        web_url: web.map(url),
        ops_url,
        console_url,
        app_id: tenant.as_str().to_owned(),
        user_id: login.user.get(),
        username: USERNAME,
        password: secret,
        token: login.token.reveal().to_owned(),
        admin_token: admin_token.reveal().to_owned(),
    })
}

/// What one needs to try the gateway.
#[derive(Serialize)]
pub(super) struct Greeting {
    app_url: String,
    /// Unset without a web listener.
    web_url: Option<String>,
    /// Unset without an ops listener.
    ops_url: Option<String>,
    /// Signs in; unset without the console.
    console_url: Option<String>,
    app_id: String,
    user_id: i64,
    username: &'static str,
    password: String,
    token: String,
    admin_token: String,
}

impl Greeting {
    /// The same for people, with requests to paste.
    pub(super) fn text(&self) -> String {
        let Self { app_url, app_id, user_id, username, password, token, admin_token, .. } = self;
        let web_url = self.web_url.as_ref().unwrap_or(app_url);
        let console = self.console_url.as_ref().map(|url| format!("  console      {url}\n")).unwrap_or_default();
        format!(
            r#"
DEVELOPMENT MODE: shows secrets, allows any origin, listens on loopback only.

  demo user    {username} (user id {user_id}), password {password}
  its token    {token}
  admin token  {admin_token}
  app id       {app_id}
{console}
Requests to paste:

# a native chat app: protobuf in, protobuf out (field 3 of the request is the name)
printf '\032\005Diana' | curl -s {app_url}/v1/user/edit-nickname -H 'token: {token}' \
  -H 'content-type: application/x-protobuf' --data-binary @- | od -c
curl -s {app_url}/v1/user/info -H 'token: {token}' | od -c

# a browser: JSON in, JSON out
curl -s {web_url}/v1/user/email-login -H 'content-type: application/json' \
  -d '{{"email":"{username}","password":"{password}","deviceId":"browser-1","platform":"web"}}'
curl -s {web_url}/v1/user/info -H 'token: {token}'

# an ops script: the admin API
curl -s {app_url}/user/list -H 'app_id: {app_id}' -H 'access-token: {admin_token}'
curl -s -X PUT '{app_url}/user/nickname?nick_name=Demo' -H 'app_id: {app_id}' -H 'access-token: {admin_token}' \
  -H 'user_id: {user_id}'

"#
        )
    }
}
