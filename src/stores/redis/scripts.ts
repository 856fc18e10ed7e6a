// The Lua scripts: each is one atomic step and one round trip. User data passes through as JSON text, never decoded.
//
// A session is one text, in lines: JSON text has no line breaks and no tabs within, so they are sure marks.
//
//     [version,expiry,most,lifetime,deadline,least,created,
//     "incarnation",
//     principal,
//     meta,
//     {
//     "key":<tab>value,
//     "key":<tab>value
//
// With }] after it, it is JSON. Where a key comes twice the last one counts, as in JSON.parse: a commit writes over the numbers,
// which seldom change in length, and adds lines at the end, with a number that is not JSON's for a key that is gone. `least` is the length of the data as JSON, without the marks, when
// all of it was last written; `most` adds all that came since. Once that is twice as much, or more than the data may be, all
// is written anew. One that was ended is `["reason",time]`. Redis drops either some time after; until then whoever reads
// compares the expiry with the time, so that it is over to the millisecond.

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

/** Version, expiry, most, lifetime, deadline, least, created, incarnation, and where the principal begins; nothing for an end. */
const headPattern = String.raw`'^%[(%d+),(%d+),(%d+),(%d+),(%w+),(%d+),(%d+),\n([^\n]*),\n()'`;

/** How much is read to find the head in. Only an incarnation of unusual length does not fit. */
const HEAD_READ = 160;

/** The text of a record, or the beginning of it, and its head. */
const headOf = `
local function headOf(name)
  local text = redis.call('GETRANGE', name, '0', '${HEAD_READ - 1}')
  if #text == ${HEAD_READ} and not text:find('\\n"[^\\n]*\\n') then text = redis.call('GET', name) end
  return text, text:match(${headPattern})
end
`;

/** How long a new entry of the index is left alone: longer than a commit can be on its way. */
export const INDEX_GRACE = 60_000;

/** Stands for the value of a key that is gone: JSON.parse makes Infinity of it, which JSON.stringify writes for nothing. */
export const GONE = "1e999";

/** Bytes that may have been added since all was last written, however short the data is. */
const LEAST_ADDED = 1024;

/**
 * Commits, one after the other, each judged by itself. KEYS: of each its record, or record, due and principal, where all lie
 * on one server. ARGV: retention, publish, and of each what `commitArguments` gives. The first write of a commit is one that
 * Redis refuses when it is out of memory, before anything of it is done. The answer is JSON text: the time, and a list for
 * each.
 */
export const commitScript = script(`${time}${headOf}
local retention, publish, clock = ARGV[1], ARGV[2], tostring(now)

-- The lines of the data after the changes, and its length as JSON.
local function rewritten(text, from, first, lastPut, last)
  local values, order = {}, {}
  while from do
    local tab = text:find('\\t', from, true) or error('The record is not as this store writes it.')
    local key = text:sub(from, tab)
    from = text:find('\\n', tab, true)
    if not values[key] then order[#order + 1] = key end
    values[key] = text:sub(tab + 1, from and from - 2)
  end
  for index = first, lastPut, 2 do
    local key = ARGV[index]
    if not values[key] then order[#order + 1] = key end
    values[key] = ARGV[index + 1]
  end
  for index = lastPut + 1, last do values[ARGV[index]] = nil end
  local lines = {}
  for _, key in ipairs(order) do
    if values[key] and values[key] ~= '${GONE}' then lines[#lines + 1] = key .. values[key] end
  end
  local data = table.concat(lines, ',')
  return data, #data - 2 * #lines + 2
end

-- The lines of keys that are followed by their values, or that all have the same one.
local function joined(from, to, value)
  local lines = {}
  for index = from, to, value and 1 or 2 do lines[#lines + 1] = ARGV[index] .. (value or ARGV[index + 1]) end
  return table.concat(lines, ',')
end

local function given(value, before)
  if value == '' then return before end
  return value == '-' and 'null' or value
end

local function commit(name, due, byPrincipal, first, lastPut, last, mode, ifVersion, ifIncarnation, lifetime, maxBytes, more)
  local fresh, principal, meta, deadline, newDeadline, dueMember, member = '', '', '', '', '', '', ''
  if more ~= '' then
    fresh, principal, meta, deadline, newDeadline, dueMember, member =
      more:match('^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)$')
  end
  local text, version, expires, most, life, ends, least, created, incarnation, at = headOf(name)
  local width = -1
  if version then
    if tonumber(expires) <= now then return '"ended","expired"' end
    if mode == 'create' then return '"exists"' end
    if ifVersion ~= '' and ifVersion ~= version then return '"conflict"' end
    if ifIncarnation ~= '' and ifIncarnation ~= incarnation then return '"conflict"' end
    width = #version + #expires + #most + #life + #ends
    if lifetime == '' then lifetime = life end
    if newDeadline ~= '' then ends = newDeadline == '-' and 'null' or tostring(now + newDeadline) end
  elseif text ~= '' then return '"ended",' .. text:match('"%a+"')
  elseif mode == 'update' or ifVersion ~= '' or ifIncarnation ~= '' then return '"missing"'
  else
    version, most, created, incarnation = '0', '2', clock, fresh
    ends = deadline ~= '' and tostring(now + deadline) or 'null'
  end

  local put, gone = '', ''
  if lastPut == first + 1 then put = ARGV[first] .. ARGV[lastPut] elseif lastPut > first then put = joined(first, lastPut) end
  local lines = put
  if last > lastPut then
    gone = joined(lastPut + 1, last, '${GONE}')
    lines = put == '' and gone or put .. ',' .. gone
  end
  local after = most + #lines - (lastPut - first + 1) - 2 * (last - lastPut)
  local comma = ''
  if lines ~= '' and most ~= '2' then comma, after = ',', after + 1 end

  version = tostring(version + 1)
  expires = now + lifetime
  if ends ~= 'null' then expires = math.min(expires, tonumber(ends)) end
  local drops = tostring(expires + retention)
  expires = tostring(expires)
  local size = tostring(after)

  local added = principal == '' and meta == ''
    and width == #version + #expires + #size + #lifetime + #ends
    and (maxBytes == '' or after <= tonumber(maxBytes)) and after <= least + math.max(least, ${LEAST_ADDED})
  local head = '[' .. version .. ',' .. expires .. ','
  if added then
    redis.call('SETRANGE', name, '0', head .. size .. ',' .. lifetime .. ',' .. ends)
    if lines ~= '' then redis.call('APPEND', name, comma .. lines) end
    redis.call('PEXPIREAT', name, drops)
  else
    local whole, from = 'null,\\nnull,\\n{', 1
    if width > 0 then whole, from = redis.call('GET', name), at end
    local meets = whole:find(',\\n', from, true)
    local opens = whole:find(',\\n', meets + 1, true)
    local data, bytes = rewritten(whole, whole:find('\\n', opens + 2, true), first, lastPut, last)
    if maxBytes ~= '' and bytes > tonumber(maxBytes) then return '"too_large",' .. bytes end
    local facts = given(principal, whole:sub(from, meets - 1)) .. ',\\n' .. given(meta, whole:sub(meets + 2, opens - 1))
    head = head .. table.concat({bytes, lifetime, ends, bytes, created, '\\n' .. incarnation, '\\n'}, ',')
    redis.call('SET', name, head .. facts .. ',\\n{' .. data, 'PXAT', drops)
  end
  if due then
    redis.call('ZADD', due, now + ${INDEX_GRACE}, dueMember)
    redis.call('ZADD', byPrincipal, clock, member)
  end

  if publish ~= '' then
    local event = '["c",' .. incarnation .. ',' .. version .. ',' .. expires .. ',' .. clock
    if #put + #gone > ${CHANGES_LIMIT} then event = event .. ']'
    else event = event .. ',{' .. put .. '},[' .. gone:gsub(':\\t${GONE}', '') .. ']]' end
    redis.call(publish, name, event)
  end
  return '"ok",' .. version .. ',' .. expires .. ',' .. incarnation
end

local answers = {}
local key, at = 1, 3
while at <= #ARGV do
  local indexed, puts, deletes, mode, ifVersion, lifetime, maxBytes, ifIncarnation, more =
    ARGV[at]:match('^(%d),(%d+),(%d+),(%a+),([^,]*),([^,]*),([^,\\n]*)\\n([^\\n]*)\\n?(.*)$')
  local due, byPrincipal
  if indexed == '1' then due, byPrincipal = KEYS[key + 1], KEYS[key + 2] end
  local lastPut = at + 2 * puts
  local last = lastPut + deletes
  local done, answer = pcall(commit, KEYS[key], due, byPrincipal, at + 1, lastPut, last, mode, ifVersion, ifIncarnation, lifetime,
    maxBytes, more)
  if not done then answer = '"failed",' .. cjson.encode(type(answer) == 'table' and answer.err or tostring(answer)) end
  answers[#answers + 1] = answer
  key = key + (due and 3 or 1)
  at = last + 1
end
return '[' .. clock .. ',[' .. table.concat(answers, '],[') .. ']]'
`);

/** KEYS: record. ARGV: lifetime, meta, ifIncarnation, retention, publish. */
export const touchScript = script(`${time}${headOf}
local lifetime, meta, ifIncarnation, retention, publish = unpack(ARGV)
local _, version, expires, most, life, ends, _, _, incarnation, at = headOf(KEYS[1])
if not version or tonumber(expires) <= now then return false end
if ifIncarnation ~= '' and ifIncarnation ~= incarnation then return false end
local told = publish ~= '' and lifetime ~= ''
if lifetime == '' then lifetime = life end
local width = #version + #expires + #most + #life + #ends + 5
expires = now + lifetime
if ends ~= 'null' then expires = math.min(expires, tonumber(ends)) end
local drops = tostring(expires + retention)
expires = tostring(expires)
local head = '[' .. version .. ',' .. expires .. ',' .. most .. ',' .. lifetime .. ',' .. ends
if meta == '' and #head == width then
  redis.call('SETRANGE', KEYS[1], '0', head)
  redis.call('PEXPIREAT', KEYS[1], drops)
else
  local text = redis.call('GET', KEYS[1])
  local meets = text:find('\\n', at, true)
  local opens = text:find(',\\n', meets, true)
  if meta == '' then meta = text:sub(meets + 1, opens - 1) elseif meta == '-' then meta = 'null' end
  redis.call('SET', KEYS[1], head .. text:sub(width + 1, meets) .. meta .. text:sub(opens), 'PXAT', drops)
end
if told then redis.call(publish, KEYS[1], '["t",' .. incarnation .. ',' .. expires .. ',' .. now .. ']') end
return {expires, tostring(now)}
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
