// The Lua scripts: each is one atomic step and one round trip. User data passes through as JSON text, never decoded.
//
// A session is one hash. Data lies under its key as JSON text, which begins with a quote, so it cannot be mistaken for a
// field of the head: v version, i incarnation, c created, x expires, l lifetime, d deadline, b bytes of the entries,
// n their number, m meta, p principal, e reason of the end, whose time x then is (i, m and p as JSON text). Redis drops the hash some time after
// x; until then whoever reads compares x with the time, so that it is over to the millisecond.

import { createHash } from "node:crypto";
import { CHANGES_LIMIT } from "../../engines/redis/events.ts";

export interface Script {
  readonly text: string;
  readonly sha: string;
}

function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Redis's own clock. Whole numbers of up to 14 digits, as all times here are, become text in full. */
const time = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Lua hands at most some thousand arguments to a call. An even number, so that fields stay with their values. */
const inChunks = `
local function inChunks(command, list)
  for first = 1, #list, 2000 do
    redis.call(command, KEYS[1], unpack(list, first, math.min(first + 1999, #list)))
  end
end
`;

/** How long a new entry of the index is left alone: longer than a commit can be on its way. */
export const INDEX_GRACE = 60_000;

/**
 * KEYS: record, or record, due and principal, where all lie on one server.
 * ARGV: see `commitArguments`. The first write is one that Redis refuses when it is out of memory, before anything is done.
 */
export const commitScript = script(`${time}${inChunks}
local mode, ifVersion, ifIncarnation, fresh, lifetime, deadline, meta, principal, maxBytes, retention, publish, dueMember,
  indexMember, newDeadline, putCount = unpack(ARGV, 1, 15)
local head = redis.call('HMGET', KEYS[1], 'v', 'x', 'e', 'i', 'l', 'd', 'b', 'n')
local exists = head[1] or head[3]
if not exists and (mode == 'update' or ifVersion ~= '' or ifIncarnation ~= '') then return {'missing'} end
if head[3] then return {'ended', head[3]} end
if exists and tonumber(head[2]) <= now then return {'ended', 'expired'} end
if exists and mode == 'create' then return {'exists'} end
if ifVersion ~= '' and ifVersion ~= head[1] then return {'conflict'} end
if ifIncarnation ~= '' and ifIncarnation ~= head[4] then return {'conflict'} end

local bytes, entries = tonumber(head[7] or 0), tonumber(head[8] or 0)
local bytesBefore, entriesBefore = bytes, entries
local firstPut, lastPut = 16, 15 + 2 * putCount
for index = firstPut, lastPut, 2 do
  local before = exists and redis.call('HSTRLEN', KEYS[1], ARGV[index]) or 0
  if before == 0 then
    entries = entries + 1
    bytes = bytes + #ARGV[index] + 1
  end
  bytes = bytes + #ARGV[index + 1] - before
end
local gone = {}
for index = lastPut + 1, #ARGV do
  gone[#gone + 1] = ARGV[index]
  local before = exists and redis.call('HSTRLEN', KEYS[1], ARGV[index]) or 0
  if before > 0 then
    entries = entries - 1
    bytes = bytes - #ARGV[index] - 1 - before
  end
end
local size = bytes + math.max(entries - 1, 0) + 2
if maxBytes ~= '' and size > tonumber(maxBytes) then return {'too_large', size} end

local version = (head[1] or 0) + 1
local incarnation = exists and head[4] or fresh
local expires = now + (lifetime ~= '' and lifetime or head[5])
if exists then
  deadline = head[6]
  if newDeadline == '-' then deadline = false elseif newDeadline ~= '' then deadline = now + newDeadline end
elseif deadline ~= '' then deadline = now + deadline end
if deadline and deadline ~= '' then expires = math.min(expires, tonumber(deadline)) end

-- Only what changes: each field more is paid for by every commit.
local set = {'v', version, 'x', expires}
for index = firstPut, lastPut do set[#set + 1] = ARGV[index] end
local function add(field, value) set[#set + 1] = field; set[#set + 1] = value end
if lifetime ~= '' then add('l', lifetime) end
if bytes ~= bytesBefore then add('b', bytes) end
if entries ~= entriesBefore then add('n', entries) end
if not exists then
  add('i', incarnation)
  add('c', now)
  if deadline ~= '' then add('d', deadline) end
end
local unset = {}
for index = 1, #gone do unset[index] = gone[index] end
local function change(field, value)
  if value == '-' then unset[#unset + 1] = field elseif value ~= '' then add(field, value) end
end
change('m', meta)
change('p', principal)
if exists then change('d', newDeadline == '-' and '-' or newDeadline ~= '' and deadline or '') end
inChunks('HSET', set)
if exists and #unset > 0 then inChunks('HDEL', unset) end
redis.call('PEXPIREAT', KEYS[1], expires + retention)
if KEYS[2] then
  redis.call('ZADD', KEYS[2], now + ${INDEX_GRACE}, dueMember)
  redis.call('ZADD', KEYS[3], now, indexMember)
end

if publish ~= '' then
  local event = '["c",' .. incarnation .. ',' .. version .. ',' .. expires .. ',' .. now
  local long = 0
  for index = firstPut, #ARGV do long = long + #ARGV[index] end
  if long <= ${CHANGES_LIMIT} then
    local put = {}
    for index = firstPut, lastPut, 2 do put[#put + 1] = ARGV[index] .. ':' .. ARGV[index + 1] end
    event = event .. ',{' .. table.concat(put, ',') .. '},[' .. table.concat(gone, ',') .. ']'
  end
  redis.call(publish, KEYS[1], event .. ']')
end
return {'ok', version, incarnation, expires, now}
`);

/** KEYS: record. ARGV: lifetime, meta, ifIncarnation, retention, publish. */
export const touchScript = script(`${time}
local lifetime, meta, ifIncarnation, retention, publish = unpack(ARGV)
local head = redis.call('HMGET', KEYS[1], 'v', 'x', 'i', 'l', 'd')
if not head[1] or tonumber(head[2]) <= now then return false end
if ifIncarnation ~= '' and ifIncarnation ~= head[3] then return false end
local told = publish ~= '' and lifetime ~= ''
if lifetime == '' then lifetime = head[4] end
local expires = now + lifetime
if head[5] then expires = math.min(expires, tonumber(head[5])) end
redis.call('HSET', KEYS[1], 'x', expires, 'l', lifetime)
if meta == '-' then redis.call('HDEL', KEYS[1], 'm') elseif meta ~= '' then redis.call('HSET', KEYS[1], 'm', meta) end
redis.call('PEXPIREAT', KEYS[1], expires + retention)
if told then redis.call(publish, KEYS[1], '["t",' .. head[3] .. ',' .. expires .. ',' .. now .. ']') end
return {expires, now}
`);

/** KEYS: record. ARGV: reason, retention, publish. The reason is written first: out of memory, nothing is lost. */
export const destroyScript = script(`${time}
local reason, retention, publish = unpack(ARGV)
local head = redis.call('HMGET', KEYS[1], 'v', 'x', 'i')
if not head[1] or tonumber(head[2]) <= now then return false end
local record = redis.call('HGETALL', KEYS[1])
redis.call('HSET', KEYS[1], 'e', reason)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'e', reason, 'x', now)
redis.call('PEXPIRE', KEYS[1], retention)
if publish ~= '' then redis.call(publish, KEYS[1], '["e",' .. head[3] .. ',"' .. reason .. '"]') end
return record
`);

/** KEYS: records. The time, and each hash. */
export const readScript = script(`${time}
local found = {now}
for index = 1, #KEYS do found[index + 1] = redis.call('HGETALL', KEYS[index]) end
return found
`);

/** KEYS: records. The time, and version, incarnation, expiry and principal of the live ones; for the others nothing. */
export const headsScript = script(`${time}
local found = {now}
for index = 1, #KEYS do
  local head = redis.call('HMGET', KEYS[index], 'v', 'i', 'x', 'p')
  found[index + 1] = head[1] and tonumber(head[3]) > now and head or {}
end
return found
`);

/** KEYS: index. ARGV: member, ms from now on. */
export const indexScript = script(`${time}
return redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
`);

/** KEYS: index. ARGV: cursor. A page of members with their scores, and the time. */
export const membersScript = script(`${time}
local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', 100)
return {now, page[1], page[2]}
`);

/** KEYS: index. ARGV: score, member. Removes the member if its score is no higher; 1 if it is not there any more. */
export const forgetScript = script(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[2])
if score and tonumber(score) > tonumber(ARGV[1]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[2])
return 1
`);

/** KEYS: due. ARGV: how many. Those that are due, put off for others while this caller looks at them; and the time. */
export const claimScript = script(`${time}
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(members) do redis.call('ZADD', KEYS[1], now + ${INDEX_GRACE - 1}, member) end
return {now, members}
`);
