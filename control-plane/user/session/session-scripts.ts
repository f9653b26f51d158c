// What Redis does with copies of sessions, each in one step. Keys of `read` and `fill`: the copy, the epoch, the changes.

// A copy counts as long as its epoch (of all) and its version (of its user's) are the present ones.
export const read = `
local copy = redis.call("HMGET", KEYS[1], "epoch", "user", "version", "text")
if copy[4] and copy[1] == (redis.call("GET", KEYS[2]) or "")
  and copy[3] == (redis.call("GET", ARGV[1] .. copy[2]) or "") then return { copy[4] } end
redis.call("SET", KEYS[3], ARGV[2], "NX")
return { false, redis.call("GET", KEYS[3]) }`;
// What was read from PostgreSQL is not copied if anything was forgotten meanwhile: it may be that.
export const fill = `
if redis.call("GET", KEYS[3]) ~= ARGV[3] then return 0 end
redis.call("HSET", KEYS[1], "epoch", redis.call("GET", KEYS[2]) or "", "user", ARGV[2],
  "version", redis.call("GET", ARGV[1] .. ARGV[2]) or "", "text", ARGV[4])
redis.call("EXPIRE", KEYS[1], ARGV[5])
return 1`;
// A copy, and the changes.
export const forgetOne = `
redis.call("SET", KEYS[2], ARGV[1])
redis.call("DEL", KEYS[1])`;
// A version or the epoch, and the changes.
export const forgetMany = `
redis.call("SET", KEYS[2], ARGV[1])
redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2])`;
export const forgetAll = `
redis.call("SET", KEYS[2], ARGV[1])
redis.call("SET", KEYS[1], ARGV[1])`;
