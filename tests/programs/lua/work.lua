-- Some work: strings, tables, closures, numbers, collections.
local function sieve(n)
  local composite, primes = {}, {}
  for i = 2, n do
    if not composite[i] then
      primes[#primes + 1] = i
      for j = i * i, n, i do composite[j] = true end
    end
  end
  return primes
end
local primes = sieve(100000)
print(#primes, primes[#primes])
local words = {}
for word in ("the quick brown fox jumps over the lazy dog "):rep(500):gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
local names = {}
for word in pairs(words) do names[#names + 1] = word end
table.sort(names)
for _, name in ipairs(names) do io.write(name, "=", words[name], " ") end
print()
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
print(fib(24))
local parts = {}
for i = 1, 20000 do parts[#parts + 1] = string.format("%d:%x:%5.2f", i, i * 7, i / 3) end
local text = table.concat(parts, ",")
local hash = 0
for i = 1, #text do hash = (hash * 31 + text:byte(i)) % 4294967296 end
print(#text, hash)
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 1000 do weak[i] = { i } end
collectgarbage()
local left = 0
for _ in pairs(weak) do left = left + 1 end
print(left)
print(string.pack("<i4d", 7, 0.5):byte(1, -1))
print(math.maxinteger // 3, -7 // 2, 7 % -3, 2 ^ 53, 1e15, 0x7fffffffffffffff + 1)
