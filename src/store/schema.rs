//! The tables as diesel sees them: the columns of `migrations/`, in their order, in types that both databases have.

mod neighbours;

pub use neighbours::{
    media, online_accounts, signing_keys, tinode_links, webhook_deliveries, webhook_subscriptions, webhooks,
};

diesel::table! {
    apps (id) {
        id -> Text,
        registration_open -> Bool,
        created_at_ms -> BigInt,
        secret_version -> Integer,
        push_sign_required -> Bool,
        access_token_audiences -> Text,
        access_token_secs -> Integer,
        access_token_claims -> Text,
        client_config -> Text,
        reward_inviter_cents -> BigInt,
        reward_invitee_cents -> BigInt,
        invitations_per_day -> Integer,
        invitations_goal -> Integer,
        reward_first_edit_cents -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        app_id -> Text,
        username -> Nullable<Text>,
        username_key -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        nickname -> Text,
        name_id -> Integer,
        avatar_url -> Text,
        avatar_id -> BigInt,
        mobile -> Nullable<Text>,
        email -> Nullable<Text>,
        description -> Nullable<Text>,
        private_info -> Nullable<Text>,
        public_info -> Nullable<Text>,
        coin_cents -> BigInt,
        vip_expires_at_ms -> BigInt,
        status -> SmallInt,
        last_device_sn -> Integer,
        registered_at_ms -> BigInt,
        last_active_at_ms -> BigInt,
        last_active_day -> Integer,
        online_days -> Integer,
        continuous_online_days -> Integer,
        coin_records -> BigInt,
        devices_version -> BigInt,
        mobile_confirmed -> Bool,
        password_changed_at_ms -> BigInt,
        invitation_code -> Nullable<Text>,
        place -> Text,
    }
}

diesel::table! {
    settings (user_id) {
        user_id -> BigInt,
        auth_mode -> SmallInt,
        auth_question -> Nullable<Text>,
        auth_answer -> Nullable<Text>,
        auto_download -> Bool,
        group_confirm -> Bool,
        no_push -> Bool,
        no_push_detail -> Bool,
        no_push_start_hour -> SmallInt,
        no_push_end_hour -> SmallInt,
        no_sounds -> Bool,
        push_nick_name -> Nullable<Text>,
        push_token -> Nullable<Text>,
        silence_start_time -> Nullable<Integer>,
        silence_end_time -> Nullable<Integer>,
        vibratory -> Bool,
    }
}

diesel::table! {
    devices (user_id, sn) {
        user_id -> BigInt,
        sn -> Integer,
        device_key -> Nullable<Text>,
        platform -> SmallInt,
        platform_name -> Text,
        user_agent -> Text,
        last_login_at_ms -> BigInt,
        is_generated -> Bool,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        app_id -> Text,
        user_id -> BigInt,
        device_sn -> Integer,
        token_hash -> Binary,
        created_at_ms -> BigInt,
        last_used_at_ms -> BigInt,
        expires_at_ms -> BigInt,
        ended_at_ms -> Nullable<BigInt>,
        end_reason -> Nullable<SmallInt>,
    }
}

diesel::table! {
    admin_tokens (id) {
        id -> BigInt,
        app_id -> Text,
        name -> Text,
        token_hash -> Binary,
        created_at_ms -> BigInt,
        expires_at_ms -> Nullable<BigInt>,
        revoked_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_log (id) {
        id -> BigInt,
        at_ms -> BigInt,
        app_id -> Text,
        actor_kind -> SmallInt,
        actor_id -> Nullable<BigInt>,
        for_user -> Nullable<BigInt>,
        action -> Text,
        target -> Text,
        address -> Text,
        request_id -> Text,
        result -> Text,
        user_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_pruning (id) {
        id -> BigInt,
        before_ms -> BigInt,
        gone -> BigInt,
    }
}

diesel::table! {
    personal_data (user_id) {
        user_id -> BigInt,
        introduction -> Text,
        gender -> SmallInt,
        birthday_secs -> BigInt,
        province -> Text,
        city -> Text,
        district -> Text,
        location_code -> Text,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    remarks (user_id, friend_id) {
        user_id -> BigInt,
        friend_id -> BigInt,
        name -> Text,
        phone -> Text,
        others -> Text,
    }
}

diesel::table! {
    medals (id) {
        id -> BigInt,
        app_id -> Text,
        name -> Text,
        description -> Text,
        image_url -> Text,
        sort -> Integer,
    }
}

diesel::table! {
    user_medals (user_id, medal_id) {
        user_id -> BigInt,
        medal_id -> BigInt,
        granted_at_ms -> BigInt,
    }
}

diesel::table! {
    bans (id) {
        id -> BigInt,
        user_id -> BigInt,
        reason -> Text,
        ends_at_ms -> BigInt,
    }
}

diesel::table! {
    coin_ledger (id) {
        id -> BigInt,
        user_id -> BigInt,
        seq -> BigInt,
        typ -> SmallInt,
        before_cents -> BigInt,
        change_cents -> BigInt,
        after_cents -> BigInt,
        reason -> Text,
        remark -> Text,
        idempotency_key -> Text,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    notifications (id) {
        id -> BigInt,
        user_id -> BigInt,
        device_key -> Text,
        registration_id -> Text,
        is_open -> Bool,
        kind -> Integer,
        created_at_ms -> BigInt,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    module_ignores (id) {
        id -> BigInt,
        user_id -> BigInt,
        device_key -> Text,
        ignored -> Text,
        updated_at_ms -> BigInt,
    }
}

diesel::table! {
    categories (id) {
        id -> BigInt,
        app_id -> Text,
        name -> Text,
        sort -> Integer,
    }
}

diesel::table! {
    recommended_groups (id) {
        id -> BigInt,
        app_id -> Text,
        category_id -> BigInt,
        nickname -> Text,
        search_text -> Text,
        introduction -> Text,
        avatar_url -> Text,
        headcount -> Integer,
        is_banned -> Bool,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    recommended_group_counts (app_id, category_id, bucket) {
        app_id -> Text,
        category_id -> BigInt,
        bucket -> BigInt,
        shown -> Integer,
    }
}

diesel::table! {
    recommended_bots (id) {
        id -> BigInt,
        app_id -> Text,
        nickname -> Text,
        introduction -> Text,
        avatar_url -> Text,
        headcount -> Integer,
        is_add -> Bool,
        always_agree -> Bool,
    }
}

diesel::table! {
    ads (app_id) {
        app_id -> Text,
        is_shown -> Bool,
        android_code_id -> Text,
        ios_code_id -> Text,
        bottom_height -> Integer,
    }
}

diesel::table! {
    push_tokens (user_id, device_sn) {
        user_id -> BigInt,
        device_sn -> Integer,
        app_id -> Text,
        device_token -> Text,
        notifier_name -> Text,
    }
}

diesel::table! {
    push_profiles (user_id) {
        user_id -> BigInt,
        app_id -> Text,
        alias -> Nullable<Text>,
        badge -> Integer,
    }
}

diesel::table! {
    push_tags (user_id, tag) {
        user_id -> BigInt,
        tag -> Text,
    }
}

diesel::table! {
    user_counts (app_id, bucket) {
        app_id -> Text,
        bucket -> BigInt,
        listed -> Integer,
    }
}

diesel::table! {
    changes (id) {
        id -> BigInt,
        at_ms -> BigInt,
        app_id -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        session_id -> Nullable<BigInt>,
        transaction_id -> BigInt,
    }
}

diesel::table! {
    invitations (invitee_id) {
        invitee_id -> BigInt,
        inviter_id -> BigInt,
        day -> Integer,
        created_at_ms -> BigInt,
        number_mac -> Nullable<Text>,
    }
}

diesel::table! {
    imports (app_id, content_hash) {
        app_id -> Text,
        content_hash -> Text,
        records_done -> BigInt,
        started_at_ms -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    apps,
    users,
    settings,
    devices,
    sessions,
    admin_tokens,
    audit_log,
    personal_data,
    remarks,
    medals,
    user_medals,
    bans,
    coin_ledger,
    notifications,
    module_ignores,
    categories,
    recommended_groups,
    recommended_group_counts,
    recommended_bots,
    ads,
    push_tokens,
    push_profiles,
    push_tags,
    user_counts,
    imports,
);

diesel::table! {
    secret_check (id) {
        id -> BigInt,
        mac -> Text,
    }
}
