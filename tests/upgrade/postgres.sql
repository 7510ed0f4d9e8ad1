--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: count_deleted_user(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.count_deleted_user() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    UPDATE user_counts SET listed = listed - 1 WHERE app_id = NEW.app_id AND bucket = NEW.id / 1024;
    RETURN NULL;
END $$;


--
-- Name: count_new_users(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.count_new_users() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO user_counts (app_id, bucket, listed)
    SELECT app_id, id / 1024, COUNT(*) FROM added GROUP BY app_id, id / 1024 ORDER BY app_id, id / 1024
    ON CONFLICT (app_id, bucket) DO UPDATE SET listed = user_counts.listed + excluded.listed;
    RETURN NULL;
END $$;


--
-- Name: feed_transaction(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.feed_transaction() RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT pg_current_xact_id_if_assigned()::TEXT::BIGINT $$;


--
-- Name: note_app_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_app_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (app_id) VALUES (NEW.id);
    RETURN NULL;
END $$;


--
-- Name: note_change_of_app(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_change_of_app() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (app_id) VALUES (OLD.app_id);
    RETURN NULL;
END $$;


--
-- Name: note_change_of_user(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_change_of_user() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (user_id) VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END);
    RETURN NULL;
END $$;


--
-- Name: note_deleted_app(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_deleted_app() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (app_id) VALUES (OLD.id);
    RETURN NULL;
END $$;


--
-- Name: note_deleted_user(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_deleted_user() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (user_id) VALUES (OLD.id);
    RETURN NULL;
END $$;


--
-- Name: note_medal_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_medal_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (user_id) SELECT user_id FROM user_medals WHERE medal_id = NEW.id;
    RETURN NULL;
END $$;


--
-- Name: note_session_end(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_session_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (user_id, session_id) VALUES (OLD.user_id, OLD.id);
    RETURN NULL;
END $$;


--
-- Name: note_shut_user(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_shut_user() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (user_id, session_id)
    SELECT user_id, id FROM sessions WHERE user_id = NEW.id AND ended_at_ms IS NULL;
    RETURN NULL;
END $$;


--
-- Name: note_user_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_user_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
    RETURN NULL;
END $$;


--
-- Name: refuse_audit_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;


--
-- Name: refuse_coin_ledger_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_coin_ledger_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the coin ledger is append-only'; END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: __diesel_schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.__diesel_schema_migrations (
    version character varying(50) NOT NULL,
    run_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);


--
-- Name: admin_tokens; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.admin_tokens (
    id bigint NOT NULL,
    app_id text NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint,
    revoked_at_ms bigint
);


--
-- Name: admin_tokens_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.admin_tokens ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.admin_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: ads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ads (
    app_id text NOT NULL,
    is_shown boolean NOT NULL,
    android_code_id text NOT NULL,
    ios_code_id text NOT NULL,
    bottom_height integer NOT NULL
);


--
-- Name: apps; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.apps (
    id text NOT NULL,
    registration_open boolean NOT NULL,
    created_at_ms bigint NOT NULL,
    secret_version integer DEFAULT 1 NOT NULL,
    push_sign_required boolean DEFAULT false NOT NULL
);


--
-- Name: audit_log; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at_ms bigint NOT NULL,
    app_id text NOT NULL,
    actor_kind smallint NOT NULL,
    actor_id bigint,
    for_user bigint,
    action text NOT NULL,
    target text NOT NULL,
    address text NOT NULL,
    request_id text NOT NULL,
    result text NOT NULL
);


--
-- Name: audit_log_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: bans; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bans (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    reason text NOT NULL,
    ends_at_ms bigint NOT NULL
);


--
-- Name: bans_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.bans ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.bans_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: categories; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.categories (
    id bigint NOT NULL,
    app_id text NOT NULL,
    name text NOT NULL,
    sort integer NOT NULL
);


--
-- Name: categories_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.categories ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.categories_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: changes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.changes (
    id bigint NOT NULL,
    at_ms bigint DEFAULT ((EXTRACT(epoch FROM clock_timestamp()) * (1000)::numeric))::bigint NOT NULL,
    app_id text,
    user_id bigint,
    session_id bigint,
    transaction_id bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL
);


--
-- Name: changes_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.changes ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: coin_ledger; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.coin_ledger (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    seq bigint NOT NULL,
    typ smallint NOT NULL,
    before_cents bigint NOT NULL,
    change_cents bigint NOT NULL,
    after_cents bigint NOT NULL,
    reason text NOT NULL,
    remark text NOT NULL,
    idempotency_key text NOT NULL,
    created_at_ms bigint NOT NULL,
    CONSTRAINT coin_ledger_check CHECK (((after_cents = (before_cents + change_cents)) AND (after_cents >= 0) AND (change_cents <> 0)))
);


--
-- Name: coin_ledger_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.coin_ledger ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.coin_ledger_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: devices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.devices (
    user_id bigint NOT NULL,
    sn integer NOT NULL,
    device_key text,
    platform smallint NOT NULL,
    platform_name text NOT NULL,
    user_agent text NOT NULL,
    last_login_at_ms bigint NOT NULL,
    is_generated boolean DEFAULT false NOT NULL
);


--
-- Name: imports; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.imports (
    app_id text NOT NULL,
    content_hash text NOT NULL,
    records_done bigint NOT NULL,
    started_at_ms bigint NOT NULL
);


--
-- Name: medals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.medals (
    id bigint NOT NULL,
    app_id text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    image_url text NOT NULL,
    sort integer NOT NULL
);


--
-- Name: medals_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.medals ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.medals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: module_ignores; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.module_ignores (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    device_key text NOT NULL,
    ignored text NOT NULL,
    updated_at_ms bigint NOT NULL
);


--
-- Name: module_ignores_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.module_ignores ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.module_ignores_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: notifications; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.notifications (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    device_key text NOT NULL,
    registration_id text NOT NULL,
    is_open boolean NOT NULL,
    kind integer NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL
);


--
-- Name: notifications_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.notifications ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.notifications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: personal_data; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.personal_data (
    user_id bigint NOT NULL,
    introduction text NOT NULL,
    gender smallint NOT NULL,
    birthday_secs bigint NOT NULL,
    province text NOT NULL,
    city text NOT NULL,
    district text NOT NULL,
    location_code text NOT NULL,
    updated_at_ms bigint NOT NULL
);


--
-- Name: push_profiles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.push_profiles (
    user_id bigint NOT NULL,
    app_id text NOT NULL,
    alias text,
    badge integer NOT NULL
);


--
-- Name: push_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.push_tags (
    user_id bigint NOT NULL,
    tag text NOT NULL
);


--
-- Name: push_tokens; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.push_tokens (
    user_id bigint NOT NULL,
    device_sn integer NOT NULL,
    app_id text NOT NULL,
    device_token text NOT NULL,
    notifier_name text NOT NULL
);


--
-- Name: recommended_bots; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recommended_bots (
    id bigint NOT NULL,
    app_id text NOT NULL,
    nickname text NOT NULL,
    introduction text NOT NULL,
    avatar_url text NOT NULL,
    headcount integer NOT NULL,
    is_add boolean NOT NULL,
    always_agree boolean NOT NULL
);


--
-- Name: recommended_bots_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.recommended_bots ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.recommended_bots_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: recommended_group_counts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recommended_group_counts (
    app_id text NOT NULL,
    category_id bigint NOT NULL,
    bucket bigint NOT NULL,
    shown integer NOT NULL
);


--
-- Name: recommended_groups; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recommended_groups (
    id bigint NOT NULL,
    app_id text NOT NULL,
    category_id bigint NOT NULL,
    nickname text NOT NULL,
    search_text text NOT NULL,
    introduction text NOT NULL,
    avatar_url text NOT NULL,
    headcount integer NOT NULL,
    is_banned boolean NOT NULL,
    created_at_ms bigint NOT NULL
);


--
-- Name: recommended_groups_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.recommended_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.recommended_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: remarks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.remarks (
    user_id bigint NOT NULL,
    friend_id bigint NOT NULL,
    name text NOT NULL,
    phone text NOT NULL,
    others text NOT NULL
);


--
-- Name: secret_check; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.secret_check (
    id bigint NOT NULL,
    mac text NOT NULL,
    CONSTRAINT secret_check_id_check CHECK ((id = 1))
);


--
-- Name: sessions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sessions (
    id bigint NOT NULL,
    app_id text NOT NULL,
    user_id bigint NOT NULL,
    device_sn integer NOT NULL,
    token_hash bytea NOT NULL,
    created_at_ms bigint NOT NULL,
    last_used_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    ended_at_ms bigint,
    end_reason smallint
);


--
-- Name: sessions_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.sessions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: settings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.settings (
    user_id bigint NOT NULL,
    auth_mode smallint NOT NULL,
    auth_question text,
    auth_answer text,
    auto_download boolean NOT NULL,
    group_confirm boolean NOT NULL,
    no_push boolean NOT NULL,
    no_push_detail boolean NOT NULL,
    no_push_start_hour smallint NOT NULL,
    no_push_end_hour smallint NOT NULL,
    no_sounds boolean NOT NULL,
    push_nick_name text,
    push_token text,
    silence_start_time integer,
    silence_end_time integer,
    vibratory boolean NOT NULL
);


--
-- Name: user_counts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_counts (
    app_id text NOT NULL,
    bucket bigint NOT NULL,
    listed integer NOT NULL
);


--
-- Name: user_medals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_medals (
    user_id bigint NOT NULL,
    medal_id bigint NOT NULL,
    granted_at_ms bigint NOT NULL
);


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id bigint NOT NULL,
    app_id text NOT NULL,
    username text,
    username_key text,
    password_hash text,
    nickname text NOT NULL,
    name_id integer NOT NULL,
    avatar_url text NOT NULL,
    avatar_id bigint NOT NULL,
    mobile text,
    email text,
    description text,
    private_info text,
    public_info text,
    coin_cents bigint NOT NULL,
    vip_expires_at_ms bigint NOT NULL,
    status smallint NOT NULL,
    last_device_sn integer NOT NULL,
    registered_at_ms bigint NOT NULL,
    last_active_at_ms bigint DEFAULT 0 NOT NULL,
    last_active_day integer DEFAULT 0 NOT NULL,
    online_days integer DEFAULT 0 NOT NULL,
    continuous_online_days integer DEFAULT 0 NOT NULL,
    coin_records bigint DEFAULT 0 NOT NULL,
    devices_version bigint DEFAULT 0 NOT NULL,
    mobile_confirmed boolean DEFAULT true NOT NULL
);


--
-- Name: users_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Data for Name: __diesel_schema_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.__diesel_schema_migrations VALUES ('20261122000000', '2026-11-26 17:36:21.266098');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261122100000', '2026-11-26 17:36:21.437897');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261122110000', '2026-11-26 17:36:21.488604');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261122120000', '2026-11-26 17:36:21.581514');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261122130000', '2026-11-26 17:36:21.765525');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261124100000', '2026-11-26 17:36:21.832144');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261124110000', '2026-11-26 17:36:21.873021');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261125100000', '2026-11-26 17:36:21.881789');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261125110000', '2026-11-26 17:36:21.991283');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261126000000', '2026-11-26 17:36:21.993291');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261126010000', '2026-11-26 17:36:22.006723');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261126020000', '2026-11-26 17:36:22.019104');


--
-- Data for Name: admin_tokens; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.admin_tokens VALUES (1, 'default', 'ops', '\xb959ddd95e78aef2e16829821ccfb2641e0080a580174140bee60c990bade6df', 1795714582476, NULL, NULL);


--
-- Data for Name: ads; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: apps; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.apps VALUES ('default', true, 1795714582267, 1, false);


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.audit_log VALUES (1, 1795714582267, 'default', 3, NULL, NULL, 'app.create', 'default', '', '', 'ok');
INSERT INTO public.audit_log VALUES (2, 1795714582476, 'default', 3, NULL, NULL, 'admin_token.create', 'ops', '', '', 'ok');
INSERT INTO public.audit_log VALUES (3, 1795714583565, 'default', 0, NULL, NULL, 'account.register', '1', '127.0.0.1', '7476834898791716', 'ok');
INSERT INTO public.audit_log VALUES (4, 1795714583754, 'default', 0, NULL, NULL, 'account.register', '2', '127.0.0.1', '8439689841979185', 'ok');
INSERT INTO public.audit_log VALUES (5, 1795714584702, 'default', 0, NULL, NULL, 'account.register', '3', '127.0.0.1', '5772275391833882', 'ok');
INSERT INTO public.audit_log VALUES (6, 1795714585275, 'default', 0, NULL, NULL, 'account.register', '4', '127.0.0.1', '1718166554221857', 'ok');
INSERT INTO public.audit_log VALUES (7, 1795714585621, 'default', 0, NULL, NULL, 'session.login', '1', '127.0.0.1', '62156081127607', 'ok');
INSERT INTO public.audit_log VALUES (8, 1795714586263, 'default', 3, NULL, NULL, 'coins.adjust', '1: record 1', '', '', 'ok');
INSERT INTO public.audit_log VALUES (9, 1795714586406, 'default', 3, NULL, NULL, 'coins.adjust', '1: record 2', '', '', 'ok');
INSERT INTO public.audit_log VALUES (10, 1795714586609, 'default', 3, NULL, NULL, 'vip.grant', '1: 3650 days', '', '', 'ok');
INSERT INTO public.audit_log VALUES (11, 1795714586731, 'default', 3, NULL, NULL, 'medal.define', 'First', '', '', 'ok');
INSERT INTO public.audit_log VALUES (12, 1795714587089, 'default', 3, NULL, NULL, 'medal.grant', '1: 1', '', '', 'ok');
INSERT INTO public.audit_log VALUES (13, 1795714587196, 'default', 3, NULL, NULL, 'ban.set', '2', '', '', 'ok');
INSERT INTO public.audit_log VALUES (14, 1795714587284, 'default', 3, NULL, NULL, 'category.create', 'Music', '', '', 'ok');
INSERT INTO public.audit_log VALUES (15, 1795714587420, 'default', 3, NULL, NULL, 'group.create', 'Choir', '', '', 'ok');
INSERT INTO public.audit_log VALUES (16, 1795714587618, 'default', 3, NULL, NULL, 'bot.create', 'Helper', '', '', 'ok');
INSERT INTO public.audit_log VALUES (17, 1795714587783, 'default', 3, NULL, NULL, 'account.disable', '3', '', '', 'ok');
INSERT INTO public.audit_log VALUES (18, 1795714587905, 'default', 3, NULL, 4, 'account.delete', '4', '', '', 'ok');
INSERT INTO public.audit_log VALUES (19, 1795714589791, 'default', 0, NULL, NULL, 'session.login', '3', '127.0.0.1', '6482766124599675', 'account disabled');
INSERT INTO public.audit_log VALUES (20, 1795714590210, 'default', 0, NULL, NULL, 'session.login', 'name:dave', '127.0.0.1', '3985674756195798', 'login refused');


--
-- Data for Name: bans; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.bans VALUES (1, 2, 'spam', 2000000000000);


--
-- Data for Name: categories; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.categories VALUES (1, 'default', 'Music', 0);


--
-- Data for Name: changes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.changes VALUES (1, 1795714585697, NULL, 1, NULL, 31033);
INSERT INTO public.changes VALUES (2, 1795714585933, NULL, 1, NULL, 31034);
INSERT INTO public.changes VALUES (3, 1795714586269, NULL, 1, NULL, 31036);
INSERT INTO public.changes VALUES (4, 1795714586423, NULL, 1, NULL, 31037);
INSERT INTO public.changes VALUES (5, 1795714586624, NULL, 1, NULL, 31038);
INSERT INTO public.changes VALUES (6, 1795714587105, NULL, 1, NULL, 31040);
INSERT INTO public.changes VALUES (7, 1795714587201, NULL, 2, NULL, 31041);
INSERT INTO public.changes VALUES (8, 1795714587790, NULL, 3, NULL, 31045);
INSERT INTO public.changes VALUES (9, 1795714587919, NULL, 4, NULL, 31046);


--
-- Data for Name: coin_ledger; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.coin_ledger VALUES (1, 1, 1, 2, 0, 1250, 1250, 'welcome', '', 'k1', 1795714586263);
INSERT INTO public.coin_ledger VALUES (2, 1, 2, 6, 1250, -225, 1025, 'gift', '', 'k2', 1795714586406);


--
-- Data for Name: devices; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.devices VALUES (1, 1, 'phone', 0, '', 'curl/7.88.1', 1795714585621, false);


--
-- Data for Name: imports; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: medals; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.medals VALUES (1, 'default', 'First', '', 'https://img.example/m.png', 0);


--
-- Data for Name: module_ignores; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: notifications; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.notifications VALUES (1, 1, 'phone', 'r', false, 0, 1795714588482, 1795714588482);


--
-- Data for Name: personal_data; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: push_profiles; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: push_tags; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: push_tokens; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: recommended_bots; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.recommended_bots VALUES (1, 'default', 'Helper', 'Helps', '', 0, true, false);


--
-- Data for Name: recommended_group_counts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.recommended_group_counts VALUES ('default', 0, 0, 1);
INSERT INTO public.recommended_group_counts VALUES ('default', 1, 0, 1);


--
-- Data for Name: recommended_groups; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.recommended_groups VALUES (1, 'default', 1, 'Choir', 'choir
singing', 'Singing', '', 7, false, 1795714587420);


--
-- Data for Name: remarks; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.remarks VALUES (1, 2, 'Bobby', '1', '');


--
-- Data for Name: secret_check; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.secret_check VALUES (1, 'd31ce4ed98d92c285418773f9c93026e4dca7dd0dabda416d876d33b8c94405e');


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.sessions VALUES (1, 'default', 1, 1, '\x20fbf887e793c864c2c9cf017ff6ff2522b904eb61bdaa3fc388cb0afe43f136', 1795714585621, 1795714585621, 2111074585621, NULL, NULL);


--
-- Data for Name: settings; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: user_counts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.user_counts VALUES ('default', 0, 3);


--
-- Data for Name: user_medals; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.user_medals VALUES (1, 1, 1795714587089);


--
-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.users VALUES (2, 'default', 'bob', 'bob', 'hmac-sha256:$2b$10$rATiopen2/bc4Sh.1dk55eMoEdvEppBygyfdvu2lEQKKFdDJ9mdza', 'bob', 1, '', 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 1795714583754, 0, 0, 0, 0, 0, 0, true);
INSERT INTO public.users VALUES (1, 'default', 'alice', 'alice', 'hmac-sha256:$2b$10$HpH6hXZL/3rGe5n2FoggleGsCw2Bt2s9NpxDj6CHrhOFCn.7ru8bO', '爱丽丝 🐇', 2, 'https://img.example/a.png', 1, NULL, NULL, NULL, NULL, NULL, 1025, 2111074586609, 0, 1, 1795714583565, 1795714585621, 20784, 1, 1, 2, 1, true);
INSERT INTO public.users VALUES (3, 'default', 'carol', 'carol', 'hmac-sha256:$2b$10$8tmXaD.qTTH/2vY54ORv6ufc18/lvjV.q17/sEZ7HajJtgwwsOIq6', 'carol', 1, '', 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 1, 0, 1795714584702, 0, 0, 0, 0, 0, 0, true);
INSERT INTO public.users VALUES (4, 'default', NULL, NULL, NULL, '', 1, '', 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 2, 0, 1795714585275, 0, 0, 0, 0, 0, 0, true);


--
-- Name: admin_tokens_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.admin_tokens_id_seq', 1, true);


--
-- Name: audit_log_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.audit_log_id_seq', 20, true);


--
-- Name: bans_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.bans_id_seq', 1, true);


--
-- Name: categories_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.categories_id_seq', 1, true);


--
-- Name: changes_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.changes_id_seq', 9, true);


--
-- Name: coin_ledger_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.coin_ledger_id_seq', 2, true);


--
-- Name: medals_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.medals_id_seq', 1, true);


--
-- Name: module_ignores_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.module_ignores_id_seq', 1, false);


--
-- Name: notifications_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.notifications_id_seq', 1, true);


--
-- Name: recommended_bots_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.recommended_bots_id_seq', 1, true);


--
-- Name: recommended_groups_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.recommended_groups_id_seq', 1, true);


--
-- Name: sessions_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.sessions_id_seq', 1, true);


--
-- Name: users_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_id_seq', 4, true);


--
-- Name: __diesel_schema_migrations __diesel_schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.__diesel_schema_migrations
    ADD CONSTRAINT __diesel_schema_migrations_pkey PRIMARY KEY (version);


--
-- Name: admin_tokens admin_tokens_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.admin_tokens
    ADD CONSTRAINT admin_tokens_pkey PRIMARY KEY (id);


--
-- Name: admin_tokens admin_tokens_token_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.admin_tokens
    ADD CONSTRAINT admin_tokens_token_hash_key UNIQUE (token_hash);


--
-- Name: ads ads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ads
    ADD CONSTRAINT ads_pkey PRIMARY KEY (app_id);


--
-- Name: apps apps_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_pkey PRIMARY KEY (id);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);


--
-- Name: bans bans_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bans
    ADD CONSTRAINT bans_pkey PRIMARY KEY (id);


--
-- Name: bans bans_user_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bans
    ADD CONSTRAINT bans_user_id_key UNIQUE (user_id);


--
-- Name: categories categories_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (id);


--
-- Name: changes changes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (id);


--
-- Name: coin_ledger coin_ledger_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.coin_ledger
    ADD CONSTRAINT coin_ledger_pkey PRIMARY KEY (id);


--
-- Name: devices devices_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (user_id, sn);


--
-- Name: imports imports_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (app_id, content_hash);


--
-- Name: medals medals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.medals
    ADD CONSTRAINT medals_pkey PRIMARY KEY (id);


--
-- Name: module_ignores module_ignores_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.module_ignores
    ADD CONSTRAINT module_ignores_pkey PRIMARY KEY (id);


--
-- Name: notifications notifications_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);


--
-- Name: personal_data personal_data_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.personal_data
    ADD CONSTRAINT personal_data_pkey PRIMARY KEY (user_id);


--
-- Name: push_profiles push_profiles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_profiles
    ADD CONSTRAINT push_profiles_pkey PRIMARY KEY (user_id);


--
-- Name: push_tags push_tags_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_tags
    ADD CONSTRAINT push_tags_pkey PRIMARY KEY (user_id, tag);


--
-- Name: push_tokens push_tokens_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_tokens
    ADD CONSTRAINT push_tokens_pkey PRIMARY KEY (user_id, device_sn);


--
-- Name: recommended_bots recommended_bots_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recommended_bots
    ADD CONSTRAINT recommended_bots_pkey PRIMARY KEY (id);


--
-- Name: recommended_group_counts recommended_group_counts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recommended_group_counts
    ADD CONSTRAINT recommended_group_counts_pkey PRIMARY KEY (app_id, category_id, bucket);


--
-- Name: recommended_groups recommended_groups_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recommended_groups
    ADD CONSTRAINT recommended_groups_pkey PRIMARY KEY (id);


--
-- Name: remarks remarks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.remarks
    ADD CONSTRAINT remarks_pkey PRIMARY KEY (user_id, friend_id);


--
-- Name: secret_check secret_check_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.secret_check
    ADD CONSTRAINT secret_check_pkey PRIMARY KEY (id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);


--
-- Name: sessions sessions_token_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_token_hash_key UNIQUE (token_hash);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (user_id);


--
-- Name: user_counts user_counts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_counts
    ADD CONSTRAINT user_counts_pkey PRIMARY KEY (app_id, bucket);


--
-- Name: user_medals user_medals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_medals
    ADD CONSTRAINT user_medals_pkey PRIMARY KEY (user_id, medal_id);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: admin_tokens_app_name; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX admin_tokens_app_name ON public.admin_tokens USING btree (app_id, name) WHERE (revoked_at_ms IS NULL);


--
-- Name: audit_log_app; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_log_app ON public.audit_log USING btree (app_id, id);


--
-- Name: categories_app_name; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX categories_app_name ON public.categories USING btree (app_id, name);


--
-- Name: changes_transaction; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX changes_transaction ON public.changes USING btree (transaction_id);


--
-- Name: coin_ledger_user_idempotency; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX coin_ledger_user_idempotency ON public.coin_ledger USING btree (user_id, idempotency_key);


--
-- Name: coin_ledger_user_seq; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX coin_ledger_user_seq ON public.coin_ledger USING btree (user_id, seq);


--
-- Name: devices_user_device; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX devices_user_device ON public.devices USING btree (user_id, device_key);


--
-- Name: medals_app_name; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX medals_app_name ON public.medals USING btree (app_id, name);


--
-- Name: module_ignores_user_device; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX module_ignores_user_device ON public.module_ignores USING btree (user_id, device_key);


--
-- Name: notifications_user_device; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX notifications_user_device ON public.notifications USING btree (user_id, device_key);


--
-- Name: push_profiles_app_alias; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX push_profiles_app_alias ON public.push_profiles USING btree (app_id, alias);


--
-- Name: push_tokens_app_token; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX push_tokens_app_token ON public.push_tokens USING btree (app_id, device_token);


--
-- Name: recommended_bots_app; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX recommended_bots_app ON public.recommended_bots USING btree (app_id, id);


--
-- Name: recommended_groups_all; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX recommended_groups_all ON public.recommended_groups USING btree (app_id, is_banned, id);


--
-- Name: recommended_groups_shown; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX recommended_groups_shown ON public.recommended_groups USING btree (category_id, is_banned, id);


--
-- Name: sessions_user_live; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_user_live ON public.sessions USING btree (user_id, ended_at_ms);


--
-- Name: users_app_email; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX users_app_email ON public.users USING btree (app_id, email);


--
-- Name: users_app_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_app_id ON public.users USING btree (app_id, id);


--
-- Name: users_app_mobile; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX users_app_mobile ON public.users USING btree (app_id, mobile);


--
-- Name: users_app_username; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX users_app_username ON public.users USING btree (app_id, username_key);


--
-- Name: admin_tokens admin_tokens_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER admin_tokens_note_change AFTER DELETE OR UPDATE ON public.admin_tokens FOR EACH ROW EXECUTE FUNCTION public.note_change_of_app();


--
-- Name: apps apps_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER apps_note_change AFTER UPDATE ON public.apps FOR EACH ROW EXECUTE FUNCTION public.note_app_change();


--
-- Name: apps apps_note_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER apps_note_delete AFTER DELETE ON public.apps FOR EACH ROW EXECUTE FUNCTION public.note_deleted_app();


--
-- Name: audit_log audit_log_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change();


--
-- Name: bans bans_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER bans_note_change AFTER INSERT OR DELETE OR UPDATE ON public.bans FOR EACH ROW EXECUTE FUNCTION public.note_change_of_user();


--
-- Name: coin_ledger coin_ledger_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER coin_ledger_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.coin_ledger FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_coin_ledger_change();


--
-- Name: medals medals_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER medals_note_change AFTER UPDATE ON public.medals FOR EACH ROW EXECUTE FUNCTION public.note_medal_change();


--
-- Name: personal_data personal_data_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER personal_data_note_change AFTER INSERT OR DELETE OR UPDATE ON public.personal_data FOR EACH ROW EXECUTE FUNCTION public.note_change_of_user();


--
-- Name: sessions sessions_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER sessions_note_change AFTER UPDATE OF expires_at_ms ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.note_change_of_user();


--
-- Name: sessions sessions_note_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER sessions_note_delete AFTER DELETE ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.note_session_end();


--
-- Name: sessions sessions_note_end; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER sessions_note_end AFTER UPDATE OF ended_at_ms ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.note_session_end();


--
-- Name: user_medals user_medals_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER user_medals_note_change AFTER INSERT OR DELETE OR UPDATE ON public.user_medals FOR EACH ROW EXECUTE FUNCTION public.note_change_of_user();


--
-- Name: users users_count_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER users_count_deleted AFTER UPDATE OF status ON public.users FOR EACH ROW WHEN (((old.status <> 2) AND (new.status = 2))) EXECUTE FUNCTION public.count_deleted_user();


--
-- Name: users users_count_new; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER users_count_new AFTER INSERT ON public.users REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.count_new_users();


--
-- Name: users users_note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER users_note_change AFTER UPDATE OF username, nickname, name_id, avatar_url, avatar_id, mobile, email, description, private_info, public_info, coin_cents, vip_expires_at_ms, status ON public.users FOR EACH ROW EXECUTE FUNCTION public.note_user_change();


--
-- Name: users users_note_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER users_note_delete AFTER DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.note_deleted_user();


--
-- Name: users users_note_shut; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER users_note_shut AFTER UPDATE OF status ON public.users FOR EACH ROW WHEN ((new.status <> 0)) EXECUTE FUNCTION public.note_shut_user();


--
-- Name: admin_tokens admin_tokens_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.admin_tokens
    ADD CONSTRAINT admin_tokens_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: ads ads_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ads
    ADD CONSTRAINT ads_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: bans bans_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bans
    ADD CONSTRAINT bans_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: categories categories_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: coin_ledger coin_ledger_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.coin_ledger
    ADD CONSTRAINT coin_ledger_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: devices devices_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: imports imports_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: medals medals_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.medals
    ADD CONSTRAINT medals_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: module_ignores module_ignores_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.module_ignores
    ADD CONSTRAINT module_ignores_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: notifications notifications_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: personal_data personal_data_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.personal_data
    ADD CONSTRAINT personal_data_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: push_profiles push_profiles_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_profiles
    ADD CONSTRAINT push_profiles_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: push_profiles push_profiles_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_profiles
    ADD CONSTRAINT push_profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: push_tags push_tags_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_tags
    ADD CONSTRAINT push_tags_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: push_tokens push_tokens_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_tokens
    ADD CONSTRAINT push_tokens_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: push_tokens push_tokens_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.push_tokens
    ADD CONSTRAINT push_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: recommended_bots recommended_bots_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recommended_bots
    ADD CONSTRAINT recommended_bots_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: recommended_group_counts recommended_group_counts_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recommended_group_counts
    ADD CONSTRAINT recommended_group_counts_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: recommended_groups recommended_groups_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recommended_groups
    ADD CONSTRAINT recommended_groups_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: recommended_groups recommended_groups_category_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recommended_groups
    ADD CONSTRAINT recommended_groups_category_id_fkey FOREIGN KEY (category_id) REFERENCES public.categories(id);


--
-- Name: remarks remarks_friend_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.remarks
    ADD CONSTRAINT remarks_friend_id_fkey FOREIGN KEY (friend_id) REFERENCES public.users(id);


--
-- Name: remarks remarks_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.remarks
    ADD CONSTRAINT remarks_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: sessions sessions_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: sessions sessions_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: settings settings_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: user_counts user_counts_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_counts
    ADD CONSTRAINT user_counts_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- Name: user_medals user_medals_medal_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_medals
    ADD CONSTRAINT user_medals_medal_id_fkey FOREIGN KEY (medal_id) REFERENCES public.medals(id);


--
-- Name: user_medals user_medals_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_medals
    ADD CONSTRAINT user_medals_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: users users_app_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id);


--
-- PostgreSQL database dump complete
--


