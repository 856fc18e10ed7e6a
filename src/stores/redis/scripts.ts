// The Lua scripts: each is one atomic step and one round trip. User data passes through as JSON text, never decoded.
//
// A session is one text, in lines: JSON text has no line breaks and no tabs within, so they are sure marks.
//
//     [version,expiry,lifetime,deadline,most,      each as wide as it may ever be, so that they are written over
//     least,created,
//     "incarnation",
//     principal,
//     meta,
//     {
//     "key":<tab>value,
//     "key":<tab>value
//
// With }] after it, it is JSON. Where a key comes twice the last one counts, as in JSON.parse: a put only writes over the first
// line and adds lines at the end. `least` is the length of the data as JSON, without the marks, when all of it was last written;
// `most` adds all that was put since. Once that is twice as much, or more than the data may be, all is written anew. One
// that was ended is `["reason",time]`. Redis drops either some time after; until then whoever reads compares the expiry with
// the time, so that it is over to the millisecond.

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

/** Version, expiry, lifetime, deadline, most, least, created, incarnation, and where the principal begins; nothing for an end. */
const headPattern = String.raw`'^%[ *(%d+), *(%d+), *(%d+), *(%w+), *(%d+),(%d+),(%d+),\n([^\n]*),\n()'`;

/** How much is read to find the head in. Only an incarnation or a principal of unusual length is not in it. */
const HEAD_READ = 384;

/** Of a record: its head, after it was looked for in so much, or in all of it. */
const headOf = `
local pattern = ${headPattern}
local function headOf(name)
  local text = redis.call('GETRANGE', name, 0, ${HEAD_READ - 1})
  if #text == ${HEAD_READ} and not string.find(text, pattern) then text = redis.call('GET', name) end
  return text, string.match(text, pattern)
end
local function firstLine(version, expires, lifetime, ends, most)
  local line = string.format('[%10s,%14s,%14s,%14s,%10s,', version, expires, lifetime, ends, most)
  if #line ~= 68 then error('A number is too long for a record.') end
  return line
end
`;

/** How long a new entry of the index is left alone: longer than a commit can be on its way. */
export const INDEX_GRACE = 60_000;

/** Bytes that may have been put since all was last written, however short the data is. */
const LEAST_ADDED = 512;

/**
 * Commits, one after the other, each judged by itself. KEYS: of each its record, or record, due and principal, where all lie
 * on one server. ARGV: retention, publish, and of each what `commitArguments` gives. The first write of a commit is one that
 * Redis refuses when it is out of memory, before anything of it is done. The answer is JSON text: the time, and a list for
 * each.
 */
export const commitScript = script(`${time}${headOf}
local retention, publish = ARGV[1], ARGV[2]
local find, match, sub, concat = string.find, string.match, string.sub, table.concat
local name, first, lastPut, last
local mode, ifVersion, lifetime, deadline, newDeadline, maxBytes, puts, deletes, ifIncarnation, fresh, principal, meta, dueMember,
  member

-- The lines of the data after the changes, and its length as JSON.
local function rewritten(text, from)
  local values, order = {}, {}
  while from do
    local tab = find(text, '\\t', from, true)
    local key = sub(text, from, tab)
    from = find(text, '\\n', tab, true)
    if not values[key] then order[#order + 1] = key end
    values[key] = sub(text, tab + 1, from and from - 2)
  end
  for index = first, lastPut, 2 do
    local key = ARGV[index]
    if not values[key] then order[#order + 1] = key end
    values[key] = ARGV[index + 1]
  end
  for index = lastPut + 1, last do values[ARGV[index]] = nil end
  local lines = {}
  for _, key in ipairs(order) do
    if values[key] then lines[#lines + 1] = key .. values[key] end
  end
  local data = concat(lines, ',')
  return data, #data - 2 * #lines + 2
end

local function given(value, before)
  if value == '' then return before end
  return value == '-' and 'null' or value
end

local function event(incarnation, version, expires, put)
  local text = '["c",' .. incarnation .. ',' .. version .. ',' .. expires .. ',' .. now
  local long = #put
  for index = lastPut + 1, last do long = long + #ARGV[index] end
  if long > ${CHANGES_LIMIT} then return text .. ']' end
  local gone = {}
  for index = lastPut + 1, last do gone[#gone + 1] = match(ARGV[index], '^\\n(.*):\\t$') end
  return text .. ',{' .. put .. '},[' .. concat(gone, ',') .. ']]'
end

local function commit(due, byPrincipal)
  local text, version, expires, life, ends, most, least, created, incarnation, at = headOf(name)
  if version then
    if tonumber(expires) <= now then return '"ended","expired"' end
    if mode == 'create' then return '"exists"' end
    if ifVersion ~= '' and ifVersion ~= version then return '"conflict"' end
    if ifIncarnation ~= '' and ifIncarnation ~= incarnation then return '"conflict"' end
    if lifetime == '' then lifetime = life end
    if newDeadline ~= '' then ends = newDeadline == '-' and 'null' or now + newDeadline end
  elseif text ~= '' then return '"ended",' .. match(text, '"%a+"')
  elseif mode == 'update' or ifVersion ~= '' or ifIncarnation ~= '' then return '"missing"'
  else
    version, most, created, incarnation = 0, 2, now, fresh
    ends = deadline ~= '' and now + deadline or 'null'
  end

  local put = ARGV[first] or ''
  if puts == '0' then put = ''
  elseif puts == '1' then put = put .. ARGV[first + 1]
  else
    local lines = {}
    for index = first, lastPut, 2 do lines[#lines + 1] = ARGV[index] .. ARGV[index + 1] end
    put = concat(lines, ',')
  end
  local empty = tonumber(most) == 2
  local after = most + #put - 2 * puts
  if put ~= '' and not empty then after = after + 1 end

  local all
  if not least or deletes ~= '0' or principal ~= '' or meta ~= '' or (maxBytes ~= '' and after > tonumber(maxBytes))
    or after > least + math.max(least, ${LEAST_ADDED}) then
    local whole, from = 'null,\\nnull,\\n{', 1
    if least then whole, from = redis.call('GET', name), at end
    local meets = find(whole, ',\\n', from, true)
    local opens = find(whole, ',\\n', meets + 1, true)
    local data
    data, after = rewritten(whole, find(whole, '\\n', opens + 2, true))
    if maxBytes ~= '' and after > tonumber(maxBytes) then return '"too_large",' .. after end
    all = {after .. ',' .. created .. ',', incarnation .. ',', given(principal, sub(whole, from, meets - 1)) .. ',',
      given(meta, sub(whole, meets + 2, opens - 1)) .. ',', '{' .. data}
  end

  version = tostring(version + 1)
  expires = now + lifetime
  if ends ~= 'null' then expires = math.min(expires, tonumber(ends)) end
  local drops = expires + retention
  expires = tostring(expires)
  local line = firstLine(version, expires, lifetime, ends, after)
  if all then redis.call('SET', name, line .. concat(all, '\\n'), 'PXAT', drops)
  else
    redis.call('SETRANGE', name, 0, line)
    if put ~= '' then redis.call('APPEND', name, empty and put or ',' .. put) end
    redis.call('PEXPIREAT', name, drops)
  end
  if due then
    redis.call('ZADD', due, now + ${INDEX_GRACE}, dueMember)
    redis.call('ZADD', byPrincipal, now, member)
  end
  if publish ~= '' then redis.call(publish, name, event(incarnation, version, expires, put)) end
  return '"ok",' .. version .. ',' .. expires .. ',' .. incarnation
end

local fields = '^(%a+),([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),(%d+),(%d+)' .. string.rep('\\n([^\\n]*)', 6) .. '$'
local answers = {now}
local key, at = 1, 3
while at <= #ARGV do
  mode, ifVersion, lifetime, deadline, newDeadline, maxBytes, puts, deletes, ifIncarnation, fresh, principal, meta, dueMember,
    member = match(ARGV[at], fields)
  name, first = KEYS[key], at + 1
  lastPut = at + 2 * puts
  last = lastPut + deletes
  local indexed = dueMember ~= '' and 2 or 0
  local done, answer = pcall(commit, indexed > 0 and KEYS[key + 1], KEYS[key + 2])
  if not done then answer = '"failed",' .. cjson.encode(type(answer) == 'table' and answer.err or tostring(answer)) end
  answers[#answers + 1] = '[' .. answer .. ']'
  key, at = key + 1 + indexed, last + 1
end
return '[' .. concat(answers, ',') .. ']'
`);

/** KEYS: record. ARGV: lifetime, meta, ifIncarnation, retention, publish. */
export const touchScript = script(`${time}${headOf}
local lifetime, meta, ifIncarnation, retention, publish = unpack(ARGV)
local _, version, expires, life, ends, most, least, created, incarnation, at = headOf(KEYS[1])
if not version or tonumber(expires) <= now then return false end
if ifIncarnation ~= '' and ifIncarnation ~= incarnation then return false end
local told = publish ~= '' and lifetime ~= ''
if lifetime == '' then lifetime = life end
expires = now + lifetime
if ends ~= 'null' then expires = math.min(expires, tonumber(ends)) end
local line = firstLine(version, expires, lifetime, ends, most)
if meta == '' then
  redis.call('SETRANGE', KEYS[1], 0, line)
  redis.call('PEXPIREAT', KEYS[1], expires + retention)
else
  local text = redis.call('GET', KEYS[1])
  local meets = string.find(text, '\\n', at, true)
  local opens = string.find(text, ',\\n', meets, true)
  if meta == '-' then meta = 'null' end
  local all = line .. string.sub(text, #line + 1, meets) .. meta .. string.sub(text, opens)
  redis.call('SET', KEYS[1], all, 'PXAT', expires + retention)
end
if told then redis.call(publish, KEYS[1], '["t",' .. incarnation .. ',' .. expires .. ',' .. now .. ']') end
return {expires, now}
`);

/** KEYS: record. ARGV: reason, retention, publish. The record as it last was. */
export const destroyScript = script(`${time}
local reason, retention, publish = unpack(ARGV)
local text = redis.call('GET', KEYS[1])
if not text then return false end
local version, expires, _, _, _, _, _, incarnation = string.match(text, ${headPattern})
if not version or tonumber(expires) <= now then return false end
redis.call('SET', KEYS[1], '["' .. reason .. '",' .. now .. ']', 'PXAT', now + retention)
if publish ~= '' then redis.call(publish, KEYS[1], '["e",' .. incarnation .. ',"' .. reason .. '"]') end
return text
`);

/** KEYS: records. The text of each, or nothing; and the time. */
export const readScript = script(`${time}
local found = redis.call('MGET', unpack(KEYS))
found[#KEYS + 1] = now
return found
`);

/** KEYS: records. Version, incarnation, expiry and principal of the live ones, nothing for the others; and the time. */
export const headsScript = script(`${time}${headOf}
local found = {}
for index = 1, #KEYS do
  local text, version, expires, _, _, _, _, _, incarnation, at = headOf(KEYS[index])
  found[index] = {}
  if version and tonumber(expires) > now then
    local principal = string.match(text, '^([^\\n]*),\\n', at)
    if not principal then principal = string.match(redis.call('GET', KEYS[index]), '^([^\\n]*),\\n', at) end
    found[index] = {version, incarnation, expires, principal}
  end
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
