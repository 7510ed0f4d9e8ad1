//! The tables for the servers beside the gateway.

diesel::table! {
    signing_keys (id) {
        id -> Text,
        public_key -> Binary,
        private_key -> Binary,
        created_at_ms -> BigInt,
        signs_from_ms -> BigInt,
        revoked_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhooks (id) {
        id -> BigInt,
        app_id -> Text,
        url -> Text,
        secret_version -> Integer,
        previous_secret_until_ms -> BigInt,
        fails_open -> Bool,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    webhook_subscriptions (app_id, event, webhook_id) {
        app_id -> Text,
        event -> Text,
        webhook_id -> BigInt,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> BigInt,
        webhook_id -> BigInt,
        user_id -> BigInt,
        event -> Text,
        at_ms -> BigInt,
        detail -> Text,
        state -> SmallInt,
        attempts -> Integer,
        next_attempt_at_ms -> BigInt,
        claim -> BigInt,
        last_attempt_at_ms -> BigInt,
        result -> Text,
    }
}

diesel::table! {
    online_accounts (user_id) {
        user_id -> BigInt,
        until_ms -> BigInt,
    }
}

diesel::table! {
    tinode_links (user_id) {
        user_id -> BigInt,
        uid -> Text,
        created_at_ms -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(webhooks, webhook_subscriptions, webhook_deliveries);

diesel::table! {
    media (id) {
        id -> Text,
        name -> Text,
        app_id -> Text,
        user_id -> BigInt,
        created_at_ms -> BigInt,
        client_key -> Nullable<Text>,
    }
}
