-- Orders of four lines for wrk: fresh ids for each, spread over the seeded customers.
-- Wants one thread (-t1); the last line it prints is JSON.
--
-- Arguments: API key, token, name of the run, customers (joined by commas), body of an order,
-- orders, seconds. Once enough was ordered, connections that are free send pings until the
-- last order is answered, so that no order is left without its answer at the end.

local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long us; } timeval; int gettimeofday(timeval *, void *);")

local headers, run, customers, body, orders, ends, ping
local threads = {}
local is_trial = true -- wrk calls request() once before it sends anything
local is_over = false
-- Global, so that done() can read them out of the thread.
sent, placed, refused, began, ended = 0, 0, 0, 0, 0

local function now()
  local moment = ffi.new("timeval")
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.s) + tonumber(moment.us) / 1e6
end

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  headers = {
    ["X-Api-Key"] = arguments[1],
    ["Authorization"] = "Bearer " .. arguments[2],
    ["Accept"] = "application/json",
    ["Content-Type"] = "application/json",
  }
  run, body = arguments[3], arguments[5]
  customers = {}
  for customer in arguments[4]:gmatch("[^,]+") do
    table.insert(customers, customer)
  end
  orders, ends = tonumber(arguments[6]), now() + tonumber(arguments[7])
  ping = wrk.format("GET", "/ping", headers)
end

function request()
  if is_trial then
    is_trial, began = false, now()
    return ping
  end
  is_over = is_over or sent >= orders or now() >= ends
  if is_over then
    return ping
  end
  sent = sent + 1
  headers["X-Correlation-Id"] = run .. "-c-" .. sent
  headers["X-Request-Id"] = run .. "-r-" .. sent
  local path = "/v3/customers/" .. customers[sent % #customers + 1] .. "/orders"
  return wrk.format("POST", path, headers, body)
end

function response(status, _, text)
  if status == 201 then
    placed = placed + 1
  elseif text ~= "pong" then
    refused = refused + 1
  end
  if is_over and placed + refused >= sent then
    ended = now() -- the summary's own duration is that of -d, whatever happens
    wrk.thread:stop()
  end
end

function done(summary, latency, _)
  local thread, errors = threads[1], summary.errors
  local ended = thread:get("ended")
  local seconds = ended > 0 and ended - thread:get("began") or summary.duration / 1e6
  print(string.format(
    '{"seconds": %f, "placed": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f}',
    seconds, thread:get("placed"), thread:get("refused"),
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
