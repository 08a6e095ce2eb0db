-- Errors of all kinds, caught at all depths.
local function show(...) print(...) end
show(pcall(error, "message"))
show(pcall(error, { code = 3 }) == false)
show(select(2, pcall(function() local x = nil; return x.field end)))
show(select(2, pcall(function() return 1 + {} end)))
show(select(2, pcall(string.rep)))
show(pcall(function() error("with level", 2) end))
show(xpcall(function() error("handled", 0) end, function(m) return "handler: " .. m end))
local function nest(n)
  if n == 0 then error("bottom", 0) end
  local ok, message = pcall(nest, n - 1)
  error(message .. " " .. n, 0)
end
show(pcall(nest, 20))
local function deep(n) return n == 0 and error("deep", 0) or 1 + deep(n - 1) end
show(pcall(deep, 10000))
local ok, message = pcall(function() local function f() return f() + 1 end return f() end)
show(ok, (message:gsub("\n.*", "")))
-- There is a C function between the error and its handler.
show(pcall(table.sort, { 3, 1, 2 }, function(a, b) error("compare", 0) end))
show(pcall(string.gsub, "abc", "%w", function(c) if c == "b" then error("in gsub", 0) end end))
-- To-be-closed variables.
local order = {}
local function closer(name) return setmetatable({}, { __close = function(_, e) order[#order + 1] = name .. ":" .. tostring(e) end }) end
show(pcall(function()
  local a <close> = closer("a")
  local b <close> = closer("b")
  error("closing", 0)
end))
show(table.concat(order, " "))
show(select("#", pcall(load, "return")), load("syntax error here"))
local count = 0
for i = 1, 200000 do if not pcall(error, i) then count = count + 1 end end
show(count)
show(pcall(function() return setmetatable({}, { __index = function(_, k) error("no " .. k, 0) end }).x end))
