// The Lua scripts: each is one atomic step and one round trip. User data passes through as JSON text, never decoded.
//
// A session is one JSON text, in lines: JSON text has no line breaks and no tabs within, so they are sure marks.
//
//     [version,expiry,created,lifetime,deadline,bytes,
//     "incarnation",
//     principal,
//     meta,
//     {
//     "key":<tab>value,
//     "key":<tab>value
//     }]
//
// `bytes`: the length of the data as JSON without the marks. One that was ended is `["reason",time]`. Redis drops either some
// time after; until then whoever reads compares the expiry with the time, so that it is over to the millisecond.

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

/** Version, expiry, created, lifetime, deadline, bytes, incarnation, and where the principal begins; nothing for an end. */
const headPattern = "'^%[(%d+),(%d+),(%d+),(%d+),(%w+),(%d+),\\n([^\\n]*),\\n()'";

/** How long a new entry of the index is left alone: longer than a commit can be on its way. */
export const INDEX_GRACE = 60_000;

/** Keys of a commit from which on looking for each of them takes longer than going through the lines once. */
const FEW_KEYS = 8;

/**
 * Commits, one after the other, each judged by itself. KEYS: of each its record, or record, due and principal, where all lie
 * on one server. ARGV: retention, publish, and of each what `commitArguments` gives. A commit writes its record in one command,
 * before anything else: where Redis refuses that, out of memory, nothing of this commit is done. The answer is JSON text:
 * the time, and a list for each.
 */
export const commitScript = script(`${time}
local retention, publish = ARGV[1], ARGV[2]
local find, match, sub, byte, concat = string.find, string.match, string.sub, string.byte, table.concat
local name, first, lastPut, last
local mode, ifVersion, lifetime, deadline, newDeadline, maxBytes, puts, deletes, ifIncarnation, fresh, principal, meta, dueMember,
  member

-- The text from the principal on with the changes, and how many bytes of JSON more these are.
local function changed(text)
  local more = -#text
  for index = first, lastPut, 2 do
    local _, before = find(text, ARGV[index], 1, true)
    if before then
      local after = find(text, '\\n', before, true)
      if byte(text, after - 1) == 44 then after = after - 1 end
      text = sub(text, 1, before) .. ARGV[index + 1] .. sub(text, after)
    else
      local comma = byte(text, -4) == 123 and '' or ','
      text = sub(text, 1, -4) .. comma .. ARGV[index] .. ARGV[index + 1] .. '\\n}]'
      more = more - 2
    end
  end
  for index = lastPut + 1, last do
    local from, before = find(text, ARGV[index], 1, true)
    if from then
      local after = find(text, '\\n', before, true)
      -- With the comma after it or, if it is the last one, before it.
      if byte(text, after - 1) ~= 44 and byte(text, from - 1) == 44 then from = from - 1 end
      text = sub(text, 1, from - 1) .. sub(text, after)
      more = more + 2
    end
  end
  return text, more + #text
end

-- The same for many keys.
local function rebuilt(text)
  local values, order = {}, {}
  local more = -#text
  for key, value in string.gmatch(text, '(\\n[^\\t\\n]*\\t)([^\\n]*)') do
    order[#order + 1] = key
    values[key] = byte(value, -1) == 44 and sub(value, 1, -2) or value
  end
  for index = first, lastPut, 2 do
    local key = ARGV[index]
    if not values[key] then
      order[#order + 1] = key
      more = more - 2
    end
    values[key] = ARGV[index + 1]
  end
  for index = lastPut + 1, last do
    if values[ARGV[index]] then more = more + 2 end
    values[ARGV[index]] = nil
  end
  local entries = {}
  for _, key in ipairs(order) do
    if values[key] then entries[#entries + 1] = key .. values[key] end
  end
  text = match(text, '^[^\\n]*\\n[^\\n]*\\n{') .. concat(entries, ',') .. '\\n}]'
  return text, more + #text
end

local function event(incarnation, version, expires)
  local text = '["c",' .. incarnation .. ',' .. version .. ',' .. expires .. ',' .. now
  local long = 0
  for index = first, last do long = long + #ARGV[index] end
  if long > ${CHANGES_LIMIT} then return text .. ']' end
  if puts == '1' and deletes == '0' then return text .. ',{' .. ARGV[first] .. ARGV[first + 1] .. '},[]]' end
  local put, gone = {}, {}
  for index = first, lastPut, 2 do put[#put + 1] = ARGV[index] .. ARGV[index + 1] end
  for index = lastPut + 1, last do gone[#gone + 1] = match(ARGV[index], '^\\n(.*):\\t$') end
  return text .. ',{' .. concat(put, ',') .. '},[' .. concat(gone, ',') .. ']]'
end

local function commit(due, byPrincipal)
  local text = redis.call('GET', name)
  local version, created, ends, bytes, incarnation, tail = 0, now, 'null', 2, fresh, nil
  if text then
    local expires, life, at
    version, expires, created, life, ends, bytes, incarnation, at = match(text, ${headPattern})
    if not version then return '"ended",' .. match(text, '"%a+"') end
    if tonumber(expires) <= now then return '"ended","expired"' end
    if mode == 'create' then return '"exists"' end
    if ifVersion ~= '' and ifVersion ~= version then return '"conflict"' end
    if ifIncarnation ~= '' and ifIncarnation ~= incarnation then return '"conflict"' end
    if lifetime == '' then lifetime = life end
    if newDeadline == '-' then ends = 'null' elseif newDeadline ~= '' then ends = now + newDeadline end
    tail = sub(text, at)
    if principal ~= '' then tail = (principal == '-' and 'null' or principal) .. sub(tail, find(tail, ',\\n', 1, true), -1) end
    if meta ~= '' then
      local _, from = find(tail, '\\n', 1, true)
      tail = sub(tail, 1, from) .. (meta == '-' and 'null' or meta) .. sub(tail, find(tail, ',\\n', from, true), -1)
    end
  else
    if mode == 'update' or ifVersion ~= '' or ifIncarnation ~= '' then return '"missing"' end
    if deadline ~= '' then ends = now + deadline end
    local function given(value) return (value == '' or value == '-') and 'null' or value end
    tail = given(principal) .. ',\\n' .. given(meta) .. ',\\n{\\n}]'
  end

  local more
  if last - first > ${2 * FEW_KEYS} then tail, more = rebuilt(tail) else tail, more = changed(tail) end
  bytes = bytes + more
  if maxBytes ~= '' and bytes > tonumber(maxBytes) then return '"too_large",' .. bytes end

  version = tostring(version + 1)
  local expires = now + lifetime
  if ends ~= 'null' then expires = math.min(expires, tonumber(ends)) end
  local drops = expires + retention
  expires = tostring(expires)
  local head = concat({version, expires, created, lifetime, ends, bytes, '\\n' .. incarnation, '\\n'}, ',')
  redis.call('SET', name, '[' .. head .. tail, 'PXAT', drops)
  if due then
    redis.call('ZADD', due, now + ${INDEX_GRACE}, dueMember)
    redis.call('ZADD', byPrincipal, now, member)
  end
  if publish ~= '' then redis.call(publish, name, event(incarnation, version, expires)) end
  return '"ok",' .. version .. ',' .. expires .. ',' .. incarnation
end

local answers = {now}
local key, at = 1, 3
while at <= #ARGV do
  mode, ifVersion, lifetime, deadline, newDeadline, maxBytes, puts, deletes, ifIncarnation, fresh, principal, meta, dueMember, member =
    match(ARGV[at], '^(%a+),([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),(%d+),(%d+)' .. string.rep('\\n([^\\n]*)', 6) .. '$')
  name, first = KEYS[key], at + 1
  lastPut = at + 2 * puts
  last = lastPut + deletes
  local indexed = dueMember ~= '' and 2 or 0
  local due, byPrincipal
  if indexed > 0 then due, byPrincipal = KEYS[key + 1], KEYS[key + 2] end
  local done, answer = pcall(commit, due, byPrincipal)
  if not done then answer = '"failed",' .. cjson.encode(type(answer) == 'table' and answer.err or tostring(answer)) end
  answers[#answers + 1] = '[' .. answer .. ']'
  key, at = key + 1 + indexed, last + 1
end
return '[' .. concat(answers, ',') .. ']'
`);

/** KEYS: record. ARGV: lifetime, meta, ifIncarnation, retention, publish. */
export const touchScript = script(`${time}
local lifetime, meta, ifIncarnation, retention, publish = unpack(ARGV)
local text = redis.call('GET', KEYS[1])
if not text then return false end
local version, expires, created, life, ends, bytes, incarnation, at = string.match(text, ${headPattern})
if not version or tonumber(expires) <= now then return false end
if ifIncarnation ~= '' and ifIncarnation ~= incarnation then return false end
local told = publish ~= '' and lifetime ~= ''
if lifetime == '' then lifetime = life end
expires = now + lifetime
if ends ~= 'null' then expires = math.min(expires, tonumber(ends)) end
local tail = string.sub(text, at)
if meta ~= '' then
  local from = string.find(tail, '\\n', 1, true)
  local to = string.find(tail, ',\\n', from, true)
  tail = string.sub(tail, 1, from) .. (meta == '-' and 'null' or meta) .. string.sub(tail, to)
end
local head = table.concat({version, expires, created, lifetime, ends, bytes, '\\n' .. incarnation, '\\n'}, ',')
redis.call('SET', KEYS[1], '[' .. head .. tail, 'PXAT', expires + retention)
if told then redis.call(publish, KEYS[1], '["t",' .. incarnation .. ',' .. expires .. ',' .. now .. ']') end
return {expires, now}
`);

/** KEYS: record. ARGV: reason, retention, publish. The record as it last was. */
export const destroyScript = script(`${time}
local reason, retention, publish = unpack(ARGV)
local text = redis.call('GET', KEYS[1])
if not text then return false end
local version, expires, _, _, _, _, incarnation = string.match(text, ${headPattern})
if not version or tonumber(expires) <= now then return false end
redis.call('SET', KEYS[1], '["' .. reason .. '",' .. now .. ']', 'PXAT', now + retention)
if publish ~= '' then redis.call(publish, KEYS[1], '["e",' .. incarnation .. ',"' .. reason .. '"]') end
return text
`);

/** KEYS: records. The time, and the text of each, or nothing. */
export const readScript = script(`${time}
local found = redis.call('MGET', unpack(KEYS))
found[#KEYS + 1] = now
return found
`);

/** KEYS: records. Version, incarnation, expiry and principal of the live ones, nothing for the others; and the time. */
export const headsScript = script(`${time}
local found = {}
local pattern = ${headPattern}
for index = 1, #KEYS do
  local text = redis.call('GETRANGE', KEYS[index], 0, 511)
  local version, expires, _, _, _, _, incarnation, at = string.match(text, pattern)
  local principal = at and string.match(text, '^([^\\n]*),\\n', at)
  if #text == 512 and not principal then
    text = redis.call('GET', KEYS[index])
    version, expires, _, _, _, _, incarnation, at = string.match(text, pattern)
    principal = string.match(text, '^([^\\n]*),\\n', at)
  end
  found[index] = version and tonumber(expires) > now and {version, incarnation, expires, principal} or {}
end
found[#KEYS + 1] = now
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
