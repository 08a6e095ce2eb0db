-- Coroutines: each resume is a setjmp of its own.
local function numbers(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local sum = 0
for i in numbers(10000) do sum = sum + i end
print(sum)
local co = coroutine.create(function(a) local b = coroutine.yield(a + 1); error("failed " .. b, 0) end)
print(coroutine.resume(co, 1))
print(coroutine.resume(co, 2))
print(coroutine.resume(co, 3))
print(coroutine.status(co))
-- Errors and yields across pcall.
local mixed = coroutine.wrap(function()
  for i = 1, 3 do
    print(pcall(function()
      local value = coroutine.yield(i)
      if value % 2 == 0 then error("even " .. value, 0) end
      return value
    end))
  end
  return "done"
end)
print(mixed())
print(mixed(1))
print(mixed(2))
print(mixed(3))
-- Coroutines inside of coroutines.
local function nested(n)
  if n == 0 then coroutine.yield("innermost") error("out", 0) end
  local inner = coroutine.create(function() nested(n - 1) end)
  local ok, value = coroutine.resume(inner)
  coroutine.yield(value)
  ok, value = coroutine.resume(inner)
  error(value, 0)
end
local outer = coroutine.create(function() nested(20) end)
print(coroutine.resume(outer))
print(coroutine.resume(outer))
local all = {}
for i = 1, 1000 do all[i] = coroutine.create(function() local s = i; while true do s = s + coroutine.yield(s) end end) end
local total = 0
for round = 1, 10 do for i = 1, #all do local _, v = coroutine.resume(all[i], round); total = total + v end end
print(total)
print(select(2, coroutine.resume(coroutine.create(function() return coroutine.isyieldable(), coroutine.running() ~= nil end))))
