// The document around the examples. The script builds what one sees from text nodes alone: no example is ever read as
// HTML.
#include "r1/pipeline/page/review_page.h"

#include <fmt/format.h>

#include "r1/core/hash.h"
#include "r1/pipeline/page/plot.h"

namespace r1::pipeline {

namespace {

/// Records as a JSON list that may stand within <script>: "<" occurs in strings only, where \u003c means the same.
std::string embedded(const std::vector<SftRecord>& records) {
  std::string json = "[";
  for (const SftRecord& record : records) json += (json.size() > 1 ? ",\n" : "") + to_json_line(record);
  std::string out;
  for (const char c : json + "]") {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

constexpr const char* kBody = R"html(<header>
<h1></h1>
<div class="bar">
<label>Source <select id="source"></select></label>
<label>Show <select id="state"></select></label>
<label class="find">Find <input id="find" type="search" autocomplete="off"></label>
<span class="push"></span>
<label class="button" title="goes on with decisions saved before">Load<input id="load" type="file" accept=".jsonl" hidden></label>
<button id="save" class="main">Save decisions.jsonl</button>
</div>
<progress id="progress" max="1" value="0"></progress>
<p id="count" class="soft" aria-live="polite"></p>
<p id="message" class="message" role="status" hidden></p>
</header>
<main id="list"></main>
<nav><button id="back">‹ Back</button><span id="page"></span><button id="next">Next ›</button></nav>
<details class="help"><summary>Keys and what happens to the decisions</summary>
<p><kbd>j</kbd> <kbd>k</kbd> next, previous · <kbd>a</kbd> accept · <kbd>r</kbd> reject · <kbd>u</kbd> undecided again ·
<kbd>e</kbd> edit the text · <kbd>Ctrl</kbd>+<kbd>Enter</kbd> accept the edited text · <kbd>Esc</kbd> leave the text ·
<kbd>n</kbd> <kbd>p</kbd> next, previous page · <kbd>s</kbd> save</p>
<p>Decisions stay in this browser until they are saved. The file names the decided examples only; an example without a
decision counts as accepted. Give the file to the recipe’s <code>review</code> setting and run it again.</p></details>
)html";

}  // namespace

std::string review_html(const std::vector<SftRecord>& records, const std::string& title) {
  const std::string examples = embedded(records);
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
  out += "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n";
  out += fmt::format("<title>{} – review</title>\n<style>{}</style></head>\n", escape_html(title), review_style());
  // The key under which a browser keeps decisions: other examples, other key.
  out +=
      fmt::format("<body data-title=\"{}\" data-key=\"r1-review-{}\">\n", escape_html(title), core::hash_hex(examples));
  out += kBody;
  out += fmt::format("<script type=\"application/json\" id=\"examples\">{}</script>\n<script>{}</script>\n", examples,
                     review_script());
  return out + "</body></html>\n";
}

}  // namespace r1::pipeline
