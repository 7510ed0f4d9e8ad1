//! `diglot category`, `diglot group`, `diglot bot` and `diglot ads`: the discovery page on the command line.

use clap::{Args, Subcommand};

use super::{
    CursorListArgs, Failure, Outcome, SettingFlags, Tenant, build_gateway,
    output::{Column, Output, Row},
};
use crate::{
    domain::discovery,
    gateway::Gateway,
    model::{Ads, Bot, Category, DiscoveryId, DisplayInfo, Group, Invalid, Listing, Problem},
    transport::{
        block_on,
        data::{AdsData, BotData, CategoryData, CreatedData, GroupData},
    },
};

/// An item of a tenant's discovery page.
#[derive(Args)]
pub(super) struct Item {
    #[command(flatten)]
    tenant: Tenant,
    /// The item's number
    #[arg(long)]
    id: i64,
}

#[derive(Subcommand)]
pub(super) enum CategoryCommand {
    /// Create a category; prints its number
    Create {
        #[command(flatten)]
        tenant: Tenant,
        /// Name
        #[arg(long)]
        name: String,
        /// Position in lists, ascending
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        sort: i32,
    },
    /// Change a category; omitted options leave their value unchanged
    Update {
        #[command(flatten)]
        item: Item,
        /// Name
        #[arg(long)]
        name: Option<String>,
        /// Position in lists, ascending
        #[arg(long, allow_negative_numbers = true)]
        sort: Option<i32>,
    },
    /// Delete a category that contains no groups
    Delete(Item),
    /// List categories
    List(CursorListArgs),
}

/// Options common to groups and bots.
#[derive(Clone, Args)]
pub(super) struct CardArgs {
    /// Name
    #[arg(long)]
    nickname: Option<String>,
    /// Description
    #[arg(long)]
    introduction: Option<String>,
    /// Image
    #[arg(long, value_name = "URL")]
    avatar_url: Option<String>,
    /// Number of members
    #[arg(long)]
    headcount: Option<i64>,
}

impl CardArgs {
    fn apply(&self, display: &mut DisplayInfo) -> Result<(), Invalid> {
        self.nickname.as_deref().map_or(Ok(()), |text| display.set_nickname(text))?;
        self.introduction.as_deref().map_or(Ok(()), |text| display.set_introduction(text))?;
        self.avatar_url.as_deref().map_or(Ok(()), |text| display.set_avatar_url(text))?;
        self.headcount.map_or(Ok(()), |count| display.set_headcount(count))
    }
}

#[derive(Clone, Args)]
pub(super) struct GroupArgs {
    #[command(flatten)]
    display: CardArgs,
    /// Name of its category
    #[arg(long)]
    category: Option<String>,
    /// Whether it is hidden
    #[arg(long, value_name = "true|false")]
    is_banned: Option<bool>,
}

impl GroupArgs {
    fn apply(&self, group: &mut Group) -> Result<(), Invalid> {
        if let Some(category) = &self.category {
            category.trim().clone_into(&mut group.category);
        }
        group.is_banned = self.is_banned.unwrap_or(group.is_banned);
        self.display.apply(&mut group.display)
    }
}

#[derive(Subcommand)]
pub(super) enum GroupCommand {
    /// Create a group; prints its number. Requires --nickname and --category
    Create {
        #[command(flatten)]
        tenant: Tenant,
        #[command(flatten)]
        group: GroupArgs,
    },
    /// Change a group; omitted options leave their value unchanged
    Update {
        #[command(flatten)]
        item: Item,
        #[command(flatten)]
        group: GroupArgs,
    },
    /// Delete a group
    Delete(Item),
    /// List groups, including hidden ones
    List(CursorListArgs),
}

#[derive(Clone, Args)]
pub(super) struct BotArgs {
    #[command(flatten)]
    display: CardArgs,
    /// Whether it can be added
    #[arg(long, value_name = "true|false")]
    is_add: Option<bool>,
    /// Whether it always agrees
    #[arg(long, value_name = "true|false")]
    always_agree: Option<bool>,
}

impl BotArgs {
    fn apply(&self, bot: &mut Bot) -> Result<(), Invalid> {
        bot.is_add = self.is_add.unwrap_or(bot.is_add);
        bot.always_agree = self.always_agree.unwrap_or(bot.always_agree);
        self.display.apply(&mut bot.display)
    }
}

#[derive(Subcommand)]
pub(super) enum BotCommand {
    /// Create a bot; prints its number. Requires --nickname
    Create {
        #[command(flatten)]
        tenant: Tenant,
        #[command(flatten)]
        bot: BotArgs,
    },
    /// Change a bot; omitted options leave their value unchanged
    Update {
        #[command(flatten)]
        item: Item,
        #[command(flatten)]
        bot: BotArgs,
    },
    /// Delete a bot
    Delete(Item),
    /// List bots
    List(CursorListArgs),
}

#[derive(Subcommand)]
pub(super) enum AdsCommand {
    /// Change an app's advertisements; omitted options leave their value unchanged
    Set {
        #[command(flatten)]
        tenant: Tenant,
        /// Whether they are shown
        #[arg(long, value_name = "true|false")]
        is_show: Option<bool>,
        /// Code id for Android
        #[arg(long)]
        android_code_id: Option<String>,
        /// Code id for iOS
        #[arg(long)]
        ios_code_id: Option<String>,
        /// Height at the bottom
        #[arg(long)]
        bottom_height: Option<i64>,
    },
    /// Show an app's advertisements
    Get {
        #[command(flatten)]
        tenant: Tenant,
    },
}

/// Checks that an option required for creation is present.
fn require(what: &'static str, text: Option<&String>) -> Result<(), Failure> {
    Ok(text.map(drop).ok_or(Invalid::new(what, Problem::Missing))?)
}

fn print_created(output: Output, id: DiscoveryId) -> Outcome {
    output.line(&CreatedData::from(id), id.0)
}

fn print_page<T, R: Row + From<(DiscoveryId, T)>>(output: Output, listed: Listing<(DiscoveryId, T)>) -> Outcome {
    output.page(Listing { items: listed.items.into_iter().map(R::from).collect(), next: listed.next })
}

impl Row for CategoryData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |category| category.id.to_string()),
        ("sort", |category| category.sort.to_string()),
        ("name", |category| category.name.clone()),
    ];
}

impl Row for GroupData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |group| group.id.to_string()),
        ("state", |group| if group.is_banned { "hidden" } else { "shown" }.to_owned()),
        ("category", |group| group.category.clone()),
        ("nickname", |group| group.nickname.clone()),
    ];
}

impl Row for BotData {
    const COLUMNS: &'static [Column<Self>] =
        &[("id", |bot| bot.id.to_string()), ("nickname", |bot| bot.nickname.clone())];
}

impl Row for AdsData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("is_show", |ads| ads.is_show.to_string()),
        ("android_code_id", |ads| ads.android_code_id.clone()),
        ("ios_code_id", |ads| ads.ios_code_id.clone()),
        ("bottom_height", |ads| ads.bottom_height.to_string()),
    ];
}

pub(super) fn run_category(settings: &SettingFlags, output: Output, command: CategoryCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(category(&gateway, output, command))
}

async fn category(gateway: &Gateway, output: Output, command: CategoryCommand) -> Outcome {
    match command {
        CategoryCommand::Create { tenant, name, sort } => {
            let new = Category::parse(&name, sort)?;
            print_created(output, discovery::create_category(gateway, &tenant.operator(gateway).await?, new).await?)
        }
        CategoryCommand::Update { item, name, sort } => {
            let edit = move |known: Category| {
                Category::parse(name.as_deref().unwrap_or(&known.name), sort.unwrap_or(known.sort))
            };
            let operator = item.tenant.operator(gateway).await?;
            Ok(discovery::update_category(gateway, &operator, DiscoveryId(item.id), edit).await?)
        }
        CategoryCommand::Delete(item) => {
            Ok(discovery::delete_category(gateway, &item.tenant.operator(gateway).await?, DiscoveryId(item.id)).await?)
        }
        CategoryCommand::List(args) => {
            let listed = discovery::list_categories(
                gateway,
                args.list.tenant.operator(gateway).await?.tenant_id(),
                args.page()?,
            )
            .await?;
            print_page::<_, CategoryData>(output, listed)
        }
    }
}

pub(super) fn run_group(settings: &SettingFlags, output: Output, command: GroupCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(group(&gateway, output, command))
}

async fn group(gateway: &Gateway, output: Output, command: GroupCommand) -> Outcome {
    match command {
        GroupCommand::Create { tenant, group } => {
            require("nickname", group.display.nickname.as_ref())?;
            require("category", group.category.as_ref())?;
            let mut new = Group::default();
            group.apply(&mut new)?;
            print_created(output, discovery::create_group(gateway, &tenant.operator(gateway).await?, new).await?)
        }
        GroupCommand::Update { item, group } => {
            let edit = move |known: &mut Group| group.apply(known);
            let operator = item.tenant.operator(gateway).await?;
            Ok(discovery::update_group(gateway, &operator, DiscoveryId(item.id), edit).await?)
        }
        GroupCommand::Delete(item) => {
            Ok(discovery::delete_group(gateway, &item.tenant.operator(gateway).await?, DiscoveryId(item.id)).await?)
        }
        GroupCommand::List(args) => {
            let listed =
                discovery::list_all_groups(gateway, &args.list.tenant.operator(gateway).await?, args.page()?).await?;
            print_page::<_, GroupData>(output, listed)
        }
    }
}

pub(super) fn run_bot(settings: &SettingFlags, output: Output, command: BotCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(bot(&gateway, output, command))
}

async fn bot(gateway: &Gateway, output: Output, command: BotCommand) -> Outcome {
    match command {
        BotCommand::Create { tenant, bot } => {
            require("nickname", bot.display.nickname.as_ref())?;
            let mut new = Bot::default();
            bot.apply(&mut new)?;
            print_created(output, discovery::create_bot(gateway, &tenant.operator(gateway).await?, new).await?)
        }
        BotCommand::Update { item, bot } => {
            let edit = move |known: &mut Bot| bot.apply(known);
            Ok(discovery::update_bot(gateway, &item.tenant.operator(gateway).await?, DiscoveryId(item.id), edit)
                .await?)
        }
        BotCommand::Delete(item) => {
            Ok(discovery::delete_bot(gateway, &item.tenant.operator(gateway).await?, DiscoveryId(item.id)).await?)
        }
        BotCommand::List(args) => {
            let listed =
                discovery::list_bots(gateway, args.list.tenant.operator(gateway).await?.tenant_id(), args.page()?)
                    .await?;
            print_page::<_, BotData>(output, listed)
        }
    }
}

pub(super) fn run_ads(settings: &SettingFlags, output: Output, command: AdsCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(ads(&gateway, output, command))
}

async fn ads(gateway: &Gateway, output: Output, command: AdsCommand) -> Outcome {
    match command {
        AdsCommand::Set { tenant, is_show, android_code_id, ios_code_id, bottom_height } => {
            let edit = move |ads: &mut Ads| -> Result<(), Invalid> {
                ads.is_shown = is_show.unwrap_or(ads.is_shown);
                if let Some(code) = android_code_id {
                    ads.android_code_id = Ads::parse_code_id("android_code_id", &code)?;
                }
                if let Some(code) = ios_code_id {
                    ads.ios_code_id = Ads::parse_code_id("ios_code_id", &code)?;
                }
                bottom_height.map_or(Ok(()), |height| ads.set_bottom_height(height))
            };
            Ok(discovery::set_ads(gateway, &tenant.operator(gateway).await?, edit).await?)
        }
        AdsCommand::Get { tenant } => {
            let ads = discovery::get_ads(gateway, tenant.operator(gateway).await?.tenant_id()).await?;
            output.details(&AdsData::from(ads))
        }
    }
}
