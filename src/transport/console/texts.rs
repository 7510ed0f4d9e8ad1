//! The texts of the console, in both languages.

/// Defines [`Texts`], and the texts in English and Chinese.
macro_rules! texts {
    ($($name:ident: $en:literal, $zh:literal;)+) => {
        /// The texts of the console in a language.
        pub(super) struct Texts {
            $(pub(super) $name: &'static str,)+
        }

        pub(super) static EN: Texts = Texts { $($name: $en,)+ };
        pub(super) static ZH: Texts = Texts { $($name: $zh,)+ };
    };
}

texts! {
    code: "en", "zh";
    other_code: "zh", "en";
    other_language: "中文", "English";

    // Navigation
    skip: "Skip to content", "跳到正文";
    navigation: "Pages", "页面";
    overview: "Overview", "概览";
    users: "Users", "用户";
    discovery: "Discovery", "发现页";
    medals: "Medals", "勋章";
    apps: "Apps", "应用";
    audit: "Audit", "审计";
    playground: "Playground", "调试台";
    settings: "Settings", "设置";
    api_docs: "API docs", "接口文档";
    sign_out: "Sign out", "退出";
    pages: "Pages of this list", "列表翻页";
    first_page: "First page", "首页";
    next_page: "Next page", "下一页";

    // Signing in
    sign_in: "Sign in", "登录";
    app: "App", "应用";
    admin_token: "Admin token", "管理令牌";
    sign_in_hint: "diglot admin-token create --app APP --name NAME makes a token.", "用 diglot admin-token create --app APP --name NAME 生成令牌。";
    form_expired: "This form has expired", "表单已过期";
    form_again: "Go back, load the page again and send the form once more. Nothing was changed.", "请返回并刷新页面后重新提交。未作任何更改。";

    // Parts of pages
    saved: "Saved.", "已保存。";
    created: "Created.", "已创建。";
    deleted: "Deleted.", "已删除。";
    save: "Save", "保存";
    create: "Create", "创建";
    delete: "Delete", "删除";
    edit: "Edit", "编辑";
    cancel: "Cancel", "取消";
    back: "Back", "返回";
    filter: "Filter", "筛选";
    export_csv: "Export CSV", "导出 CSV";
    export_jsonl: "Export JSON lines", "导出 JSON 行";
    actions: "Actions", "操作";
    yes: "yes", "是";
    no: "no", "否";
    none: "none", "无";
    id: "ID", "编号";
    name: "Name", "名称";
    description: "Description", "描述";
    sort: "Sort order", "排序";
    image_url: "Image URL", "图片地址";
    time: "Time", "时间";
    reason: "Reason", "原因";
    state: "State", "状态";

    // Users
    search: "Search", "搜索";
    find: "Find", "查找";
    search_hint: "Name, ID, mobile or e-mail; the beginning is enough.", "名称、编号、手机号或邮箱，输入开头即可。";
    no_users: "No users found.", "没有找到用户。";
    user: "User", "用户";
    login_name: "Login name", "登录名";
    display_name: "Display name", "昵称";
    mobile: "Mobile", "手机号";
    email: "E-mail", "邮箱";
    registered: "Registered", "注册时间";
    presence: "Presence", "在线状态";
    online: "online", "在线";
    offline: "offline", "离线";
    active: "active", "正常";
    disabled: "disabled", "已禁用";
    new_user: "New user", "新建用户";
    import: "Import", "导入";
    password: "Password", "密码";
    password_hint: "Leave it empty to have one generated, which is shown once.", "留空则自动生成，仅显示一次。";
    generated_password: "The password, shown only now", "密码，仅此一次显示";

    // Medals
    new_medal: "New medal", "新建勋章";
    no_medals: "There are no medals yet.", "还没有勋章。";

    // Discovery
    categories: "Categories", "分类";
    groups: "Groups", "群组";
    bots: "Bots", "机器人";
    ads: "Ads", "广告";
    new_category: "New category", "新建分类";
    new_group: "New group", "新建群组";
    new_bot: "New bot", "新建机器人";
    no_items: "There is nothing here yet.", "这里还没有内容。";
    category: "Category", "分类";
    introduction: "Introduction", "简介";
    avatar_url: "Avatar URL", "头像地址";
    headcount: "Members", "人数";
    hidden: "Hidden", "隐藏";
    is_add: "Users may add it", "允许用户添加";
    always_agree: "Always agrees", "总是同意";
    is_shown: "Show advertisements", "显示广告";
    android_code_id: "Android code ID", "安卓广告位";
    ios_code_id: "iOS code ID", "iOS 广告位";
    bottom_height: "Bottom height", "底部高度";
    delete_question: "Delete this for good?", "确定要永久删除吗？";

    // Playground
    playground_hint: "Sends one operation twice, as JSON and as protobuf, and compares the answers. What it changes is changed for real, and twice.", "把同一个操作分别用 JSON 和 protobuf 各发送一次，并比较两个应答。所做更改是真实的，且会执行两次。";
    malformed: "this is not a value of that type, or too long", "不是该类型的值，或过长";
    operation: "Operation", "操作";
    choose: "Choose", "选择";
    send_both: "Send in both encodings", "用两种编码发送";
    absent: "(absent)", "（不填）";
    comparison: "Comparison", "比较";
    answers_same: "Both answers say the same.", "两个应答内容一致。";
    answers_differ: "The answers differ:", "两个应答有差异：";
    not_comparable: "The answers can't be compared: one is not in its encoding.", "无法比较：有一个应答不符合其编码。";
    differences: "Differences", "差异";
    place: "Place", "位置";
    request: "Request", "请求";
    answer: "Answer", "应答";
    no_body: "No body.", "没有正文。";
    bytes: "bytes", "字节";
    hex: "Hex", "十六进制";
    field_number: "Field", "字段号";
    wire_type: "Wire type", "线路类型";
    value: "Value", "值";

    // Overview
    attention: "What needs attention", "需要注意";
    health: "Health", "健康状况";
    database: "Database", "数据库";
    shared_state: "State", "状态存储";
    works: "works", "正常";
    fails: "fails", "故障";
    degraded: "degraded", "降级";
    accounts: "Accounts", "账号";
    online_now: "Online now", "当前在线";
    sign_ins: "Sign-ins", "登录";
    failed_sign_ins: "Failed sign-ins", "登录失败";
    registrations: "Registrations", "注册";
    codes_sent: "Codes sent", "已发验证码";
    codes_failed: "Codes not delivered", "未送达的验证码";
    last_hour: "Last hour", "最近一小时";
    last_day: "Last day", "最近一天";
    nodes: "Nodes", "节点";
    node: "Node", "节点";
    host: "Host", "主机";
    version: "Version", "版本";
    started: "Started", "启动时间";
    last_seen: "Last seen", "最近出现";
    no_nodes: "No node was seen lately.", "最近没有节点出现。";

    // Audit
    actor: "Actor", "操作者";
    action: "Action", "动作";
    target: "Target", "对象";
    result: "Result", "结果";
    source: "Source", "来源";
    request_id: "Request", "请求编号";
    from: "From", "起始时间";
    until: "Until", "截止时间";
    no_rows: "No rows match.", "没有匹配的记录。";
    audit_hint: "Actor: user:12, admin_token:3, command_line or anonymous. Action: coins.adjust, or coins. for all of them. User: an ID.", "操作者：user:12、admin_token:3、command_line 或 anonymous。动作：coins.adjust，或用 coins. 表示该类全部。用户：编号。";

    // Apps
    registration_open: "Anyone may register", "开放注册";
    push_sign_required: "Push registrations must be signed", "推送注册须签名";
    rotate_secret: "Replace the secret", "更换密钥";
    rotate_question: "Signatures with the present secret become invalid at once.", "使用当前密钥的签名将立即失效。";
    new_secret: "The new secret", "新的密钥";
    apps_hint: "Other apps are created and listed by diglot app.", "其他应用用 diglot app 创建和查看。";
    admin_tokens: "Admin tokens", "管理令牌";
    new_token: "New admin token", "新建管理令牌";
    new_token_shown: "The new admin token", "新的管理令牌";
    shown_once: "It is shown only now, and is not stored.", "仅此一次显示，系统不保存。";
    days: "Valid for days", "有效天数";
    days_hint: "Leave it empty for a token that is valid until it is revoked.", "留空则在吊销前一直有效。";
    created_at: "Created at", "创建时间";
    expires_at: "Expires at", "到期时间";
    never: "never", "永不";
    valid: "valid", "有效";
    expired: "expired", "已过期";
    revoked: "revoked", "已吊销";
    revoke: "Revoke", "吊销";
    revoke_question: "Scripts with this token stop working at once.", "使用该令牌的脚本将立即失效。";
    revoke_own_question: "You are signed in with this token: this ends your session.", "您正使用此令牌登录：吊销将结束当前会话。";
    this_session: "this session", "当前会话";

    // One user
    profile: "Profile", "资料";
    unconfirmed: "not confirmed", "未验证";
    is_set: "set", "已设置";
    last_active: "Last active", "最近活跃";
    public_info: "Public information", "公开信息";
    private_info: "Private information", "私密信息";
    region: "Region", "地区";
    friend_requests: "Friend requests", "加好友";
    from_anyone: "anyone", "任何人";
    after_consent: "after consent", "需验证";
    after_question: "after a question", "需回答问题";
    from_nobody: "nobody", "拒绝所有人";
    friend_question: "Question for friends", "加好友问题";
    group_confirm: "Group invitations need consent", "入群邀请须确认";
    auto_download: "Downloads media by itself", "自动下载";
    no_push: "Push is off", "关闭推送";
    no_push_detail: "Push hides the message", "推送不显示内容";
    no_push_hours: "Hours without push", "免打扰时段";
    no_sounds: "Silent", "静音";
    vibratory: "Vibrates", "振动";
    number: "No.", "序号";
    device_id: "Device ID", "设备编号";
    platform: "Platform", "平台";
    user_agent: "User agent", "客户端";
    last_login: "Last login", "最近登录";
    last_used: "Last used", "最近使用";
    devices: "Devices", "设备";
    no_devices: "There are no devices.", "没有设备。";
    no_session: "no session", "无会话";
    end_session: "End session", "结束会话";
    end_sessions: "End all sessions", "结束全部会话";
    sessions: "Sessions", "会话";
    push: "Push", "推送";
    alias: "Alias", "别名";
    badge: "Badge", "角标";
    tags: "Tags", "标签";
    notifier: "Push service", "推送服务";
    push_token: "Token", "令牌";
    push_tokens: "Push registrations", "推送注册";
    coins: "Coins", "金币";
    ledger: "Ledger", "账目";
    no_records: "There are no records.", "没有记录。";
    amount: "Amount", "数额";
    balance: "Balance", "余额";
    kind: "Kind", "类型";
    remark: "Remark", "备注";
    newer: "Newer", "较新";
    older: "Older", "较早";
    adjust: "Adjust coins", "调整金币";
    adjust_hint: "Coins with at most two decimals; negative to take away.", "金币数，最多两位小数；负数表示扣减。";
    coin_reward: "reward", "奖励";
    coin_post: "post or comment", "发帖或评论";
    coin_first_profile: "first avatar or name", "首次修改头像或昵称";
    coin_redeem: "redeemed", "兑换";
    coin_ad: "ad watched", "观看广告";
    coin_raffle: "raffle", "抽奖";
    coin_invitation: "invitation", "邀请";
    vip_days: "Days to add", "增加天数";
    grant_vip: "Grant VIP", "授予 VIP";
    medal: "Medal", "勋章";
    grant: "Grant", "授予";
    withdraw: "Withdraw", "收回";
    ban: "Ban", "封禁";
    ban_hint: "A ban is visible to everyone who views the account, but does not block it; disabling does.", "封禁会显示给查看该账号的人，但不阻止使用；禁用才会。";
    set_ban: "Set ban", "封禁";
    lift_ban: "Lift ban", "解除封禁";
    audit_trail: "Audit trail", "审计记录";
    disable: "Disable", "禁用";
    enable: "Enable", "启用";
    reset_password: "Reset password", "重置密码";
    will_end: "What will end", "将会结束";
    ends_logins: "The user can't log in until the account is enabled again.", "启用之前该用户无法登录。";
    ends_password: "The old password no longer works.", "旧密码将失效。";
    ends_names: "Its names and contacts become free for others.", "其名称和联系方式可被他人使用。";
    ends_for_good: "This can't be undone.", "此操作不可撤销。";

    // Import and settings
    import_hint: "A CSV file with a header line, or JSON lines; the README lists the fields. A file of any length is sent in parts; an import that ended can be run again.", "带表头的 CSV 文件或 JSON 行；字段见 README。文件不限长度，会分段发送；中断后可重新导入。";
    file: "File", "文件";
    ignore_columns: "Columns to skip, separated by commas", "要跳过的列，以逗号分隔";
    dry_run: "Only say what would happen", "仅预演，不写入";
    needs_script: "The import needs JavaScript; diglot user import does the same.", "导入需要 JavaScript；也可使用 diglot user import。";
    records: "Records", "记录";
    accounts_created: "Created", "已创建";
    refused: "Refused", "被拒绝";
    record: "Record", "记录号";
    ended_after: "The import ended after record", "导入在此记录之后中断：";
    session_over: "the session is over; sign in again", "会话已结束，请重新登录";
    settings_hint: "The settings of the node that answers; they are changed in its environment or file, and at its next start.", "应答节点的设置；在其环境变量或文件中修改，下次启动时生效。";
    source_of_value: "Source", "来源";
    meaning: "Meaning", "含义";
}
