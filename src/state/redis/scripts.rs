//! Lua scripts for operations that must be atomic in Redis. Their 60000 is [`CLOCK_SKEW_MS`](super::CLOCK_SKEW_MS).

use std::sync::LazyLock;

use redis::Script;

/// KEYS: a key of this node, and others that it does not use. ARGV: a value. Does what the other scripts do, write and read, and returns the value.
pub(super) static CHECK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('SET', KEYS[1], ARGV[1], 'PX', 5000)
         return redis.call('GET', KEYS[1])",
    )
});

/// KEYS: a key of this node. Returns the time (ms), and what the server says of its memory, if the user may know.
pub(super) static SERVER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time, memory = redis.call('TIME'), redis.pcall('INFO', 'memory')
         if type(memory) ~= 'string' then memory = '' end
         return {tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000), memory}",
    )
});

/// KEYS: the window. ARGV: now, the window's length (ms). Returns the count and the end of the window.
pub(super) static COUNT_USE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now, length = tonumber(ARGV[1]), tonumber(ARGV[2])
         local till = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
         if till <= now or till > now + length + 60000 then
             till = now + length
             redis.call('HSET', KEYS[1], 'count', 0, 'until', till)
             redis.call('PEXPIRE', KEYS[1], length)
         end
         return {redis.call('HINCRBY', KEYS[1], 'count', 1), till}",
    )
});

/// Functions that the login scripts share: `read` returns a subject as of `now`, `write` stores it.
const READ_LOGINS: &str = "
    local now, window, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local function read(key)
        local values = redis.call('HMGET', key, 'failed', 'until', 'pending', 'pending_until')
        local failed, till = tonumber(values[1] or '0'), tonumber(values[2] or '0')
        local pending, pending_until = tonumber(values[3] or '0'), tonumber(values[4] or '0')
        if till <= now or till > now + window + 60000 then failed = 0 end
        if pending_until <= now or pending_until > now + patience + 60000 then pending = 0 end
        return failed, till, pending, pending_until
    end
    local function write(key, failed, till, pending, pending_until)
        redis.call('HSET', key, 'failed', failed, 'until', till, 'pending', pending, 'pending_until', pending_until)
        redis.call('PEXPIRE', key, window + patience)
    end";

/// KEYS: the subjects. ARGV: now, the window's length, the lifetime of pending logins (ms), a limit for each key.
/// Returns -1 if the login is admitted, 0 if too many are pending, else the end of the lock.
pub(super) static BEGIN_LOGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{READ_LOGINS}
         local crowded = false
         for i, key in ipairs(KEYS) do
             local failed, till, pending = read(key)
             local limit = tonumber(ARGV[3 + i])
             if failed >= limit then return till end
             crowded = crowded or failed + pending >= limit
         end
         if crowded then return 0 end
         for _, key in ipairs(KEYS) do
             local failed, till, pending = read(key)
             write(key, failed, till, pending + 1, now + patience)
         end
         return -1"
    ))
});

/// KEYS: the subjects. ARGV: now, the window's length, the lifetime of pending logins (ms); for each key `failed`,
/// `forgiven` or `unchanged`.
pub(super) static END_LOGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{READ_LOGINS}
         for i, key in ipairs(KEYS) do
             local failed, till, pending, pending_until = read(key)
             local change = ARGV[3 + i]
             if change == 'failed' then
                 if failed == 0 then till = now + window end
                 failed = failed + 1
             elseif change == 'forgiven' then
                 failed = 0
             end
             write(key, failed, till, math.max(pending - 1, 0), pending_until)
         end"
    ))
});

/// KEYS: the contact. ARGV: now, the code's MAC, its lifetime (ms), the maximum number of wrong tries, how long they
/// count (ms); for each window its length (ms) and the maximum number of codes in it, the longest last. Returns 0 if the code was stored, else when
/// the next one may be sent.
pub(super) static PUT_CODE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now, longest = tonumber(ARGV[1]), tonumber(ARGV[#ARGV - 1])
         local values = redis.call('HMGET', KEYS[1], 'sent', 'tries', 'tries_until')
         local tries, tries_until = tonumber(values[2] or '0'), tonumber(values[3] or '0')
         local counts = tries_until > now and tries_until <= now + tonumber(ARGV[5]) + 60000
         if counts and tries >= tonumber(ARGV[4]) then return tries_until end
         local sent = {}
         for at in string.gmatch(values[1] or '', '%d+') do
             if tonumber(at) + longest > now then sent[#sent + 1] = at end
         end
         local blocked_until = 0
         for i = 6, #ARGV, 2 do
             local oldest = sent[#sent + 1 - tonumber(ARGV[i + 1])]
             local till = oldest and tonumber(oldest) + tonumber(ARGV[i]) or 0
             local is_running = till > now and till <= now + tonumber(ARGV[i]) + 60000
             if is_running then blocked_until = math.max(blocked_until, till) end
         end
         if blocked_until > 0 then return blocked_until end
         sent[#sent + 1] = ARGV[1]
         redis.call('HSET', KEYS[1], 'sent', table.concat(sent, ' '), 'mac', ARGV[2], 'until', now + tonumber(ARGV[3]))
         redis.call('PEXPIRE', KEYS[1], longest)
         return 0",
    )
});

/// KEYS: the contact. ARGV: now, the maximum number of wrong tries, how long they count (ms), the lifetime of codes (ms),
/// `keep` or `take`; then the accepted MACs. Returns whether the code's MAC is one of them.
pub(super) static TRY_CODE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now = tonumber(ARGV[1])
         local values = redis.call('HMGET', KEYS[1], 'mac', 'until', 'tries', 'tries_until')
         local ends = tonumber(values[2] or '0')
         if not values[1] or ends <= now or ends > now + tonumber(ARGV[4]) + 60000 then return false end
         for i = 6, #ARGV do
             if ARGV[i] == values[1] then
                 if ARGV[5] == 'take' then redis.call('HDEL', KEYS[1], 'mac', 'until', 'tries', 'tries_until') end
                 return true
             end
         end
         local tries, till = tonumber(values[3] or '0'), tonumber(values[4] or '0')
         if till <= now or till > now + tonumber(ARGV[3]) + 60000 then tries = 0 end
         redis.call('HSET', KEYS[1], 'tries', tries + 1, 'tries_until', now + tonumber(ARGV[3]))
         if tries + 1 >= tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], 'mac', 'until') end
         return false",
    )
});

/// The end of the scripts that end presence: the account stays online as long as the last of its devices, or goes.
const SETTLE_ONLINE: &str = "
    local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
    if last[2] then
        redis.call('ZADD', KEYS[2], 'XX', last[2], ARGV[1])
    else
        redis.call('ZREM', KEYS[2], ARGV[1])
    end";

/// KEYS: the account, the accounts in use. ARGV: the user, the device, which may be empty for all. Deletes all presence
/// of the device.
pub(super) static END_PRESENCE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
             local is_meant = ARGV[2] == '' or member == ARGV[2]
             if is_meant or string.sub(member, 1, #ARGV[2] + 1) == ARGV[2] .. '@' then
                 redis.call('ZREM', KEYS[1], member)
             end
         end
         {SETTLE_ONLINE}"
    ))
});

/// KEYS: the account, the accounts in use. ARGV: the user, the members to delete from the account's presence.
pub(super) static END_SOCKET_PRESENCE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "redis.call('ZREM', KEYS[1], ARGV[2], ARGV[3])
         {SETTLE_ONLINE}"
    ))
});
