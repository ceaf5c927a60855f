// The functions of the language.
#include "r1/tokenizer/template/context.h"

#include <array>

#include "r1/tokenizer/template/bound.h"
#include "r1/tokenizer/template/compare.h"
#include "r1/tokenizer/template/print.h"

namespace r1::tokenizer::jinja {
namespace {

constexpr std::uint64_t kMaxRange = 100'000;  // that of Jinja's sandbox

Value range(Context& context, const Arguments& arguments) {
  const Bound bound(arguments, "range", {"start", "stop", "step"}, 1);
  const bool only_stop = !bound.has(1);
  const std::int64_t start = only_stop ? 0 : bound.integer(0, 0);
  const std::int64_t stop = bound.integer(only_stop ? 0 : 1, 0);
  const std::int64_t step = bound.has(2) ? bound.integer(2, 0) : 1;
  if (step == 0) fail("range's step must be an int other than zero");
  const auto steps = [](std::int64_t from, std::int64_t to, std::uint64_t stride) {
    const std::uint64_t distance = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
    return from >= to ? 0 : (distance - 1) / stride + 1;
  };
  const std::uint64_t count = step > 0 ? steps(start, stop, static_cast<std::uint64_t>(step))
                                       : steps(stop, start, std::uint64_t{0} - static_cast<std::uint64_t>(step));
  if (count > kMaxRange) fail("a range of {} numbers; the sandbox of chat templates allows {}", count, kMaxRange);
  context.limits.bytes(count * sizeof(Value));
  Values items;
  std::uint64_t next = static_cast<std::uint64_t>(start);  // wraps around only behind the last
  for (std::uint64_t i = 0; i < count; ++i, next += static_cast<std::uint64_t>(step))
    items.push_back(Value::integer(static_cast<std::int64_t>(next)));
  std::string label =
      step == 1 ? fmt::format("range({}, {})", start, stop) : fmt::format("range({}, {}, {})", start, stop, step);
  return Value::sequence(Kind::Range, std::move(items), std::move(label));
}

/// The arguments of dict() and namespace(): a dict or pairs, then names.
Entries entries_of(Context& context, const Arguments& arguments, const char* callee) {
  Limits& limits = context.limits;
  if (arguments.positional.size() > 1) fail("{} takes at most one argument without a name", callee);
  Entries entries;
  const auto put = [&](const Value& key, const Value& value) {
    if (!hashable(key)) fail("a value of type {} cannot be a key", type_name(key));
    limits.step(1 + entries.size() / 8);
    for (auto& [known, old] : entries)
      if (equal(limits, known, key)) {
        old = value;
        return;
      }
    entries.emplace_back(key, value);
  };
  if (!arguments.positional.empty() && arguments.positional[0].is(Kind::Dict)) {
    entries = arguments.positional[0].as_dict().entries;
  } else if (!arguments.positional.empty()) {
    for (const Value& item : iterate(limits, arguments.positional[0])) {
      const Values pair = iterate(limits, item);
      if (pair.size() != 2) fail("{} needs pairs", callee);
      put(pair[0], pair[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) put(Value::text(name), value);
  limits.bytes(entries.size() * 2 * sizeof(Value));
  return entries;
}

Value make_dict(Context& context, const Arguments& arguments) {
  return Value::dict(entries_of(context, arguments, "dict"));
}

Value make_namespace(Context& context, const Arguments& arguments) {
  Namespace* space = context.make_namespace();
  for (const auto& [key, value] : entries_of(context, arguments, "namespace"))
    if (key.is(Kind::String)) space->names.emplace_back(key.as_text(), value);
  return Value::name_space(space);
}

Value raise_exception(Context& context, const Arguments& arguments) {
  throw RaisedError(to_text(context.limits, Bound(arguments, "raise_exception", {"message"}, 1).at(0)));
}

Value strftime_now(Context& context, const Arguments& arguments) {
  const std::string format = Bound(arguments, "strftime_now", {"format"}, 1).text(0);
  if (format.empty()) return Value::text("");
  if (format.size() > 256 || format.find('\0') != std::string::npos) fail("strftime_now: no such date format");
  std::tm when{};
  if (context.now) {
    when = *context.now;
  } else {
    const std::time_t seconds = std::time(nullptr);
    localtime_r(&seconds, &when);
  }
  std::array<char, 16384> text{};
  const std::string with_mark = format + "|";  // so that an empty result can be told from one too long
  const std::size_t size = std::strftime(text.data(), text.size(), with_mark.c_str(), &when);
  if (size == 0) fail("strftime_now: a date of more than {} characters", text.size());
  return Value::text(std::string(text.data(), size - 1));
}

using Call = Value (*)(Context&, const Arguments&);
struct NamedCall {
  const char* name;
  Call call;
};
constexpr NamedCall kFunctions[] = {{"range", range},
                                    {"dict", make_dict},
                                    {"namespace", make_namespace},
                                    {"raise_exception", raise_exception},
                                    {"strftime_now", strftime_now}};

}  // namespace

Namespace* Context::make_namespace() {
  limits.bytes(sizeof(Namespace) + 256);
  namespaces.push_back(std::make_unique<Namespace>());
  return namespaces.back().get();
}

std::vector<std::pair<std::string, Value>> language_functions(Context& context) {
  std::vector<std::pair<std::string, Value>> functions;
  for (const NamedCall& function : kFunctions) {
    const auto call = [&context, call = function.call](const Arguments& arguments) { return call(context, arguments); };
    functions.emplace_back(function.name, Value::function({function.name, call}));
  }
  return functions;
}

}  // namespace r1::tokenizer::jinja
