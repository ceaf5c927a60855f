// The style sheet of the review page. Colours are variables, set once for light and once for dark.
#include "r1/pipeline/page/review_page.h"

namespace r1::pipeline {

const char* review_style() {
  return R"css(
:root{--bg:#fbfbfa;--panel:#fff;--ink:#1b1f24;--soft:#5b6470;--line:#d9dce1;--accent:#1f5fbf;--good:#1a7f4b;--bad:#b3261e;
--edit:#8a5a00;--code:#f4f5f7}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--panel:#1b1f25;--ink:#e6e8eb;--soft:#9aa4b0;--line:#343b44;
--accent:#78aef5;--good:#5ec28d;--bad:#f08a80;--edit:#e0b45a;--code:#22272e}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,nav,.help{max-width:980px;margin:0 auto;padding:0 16px}
header{position:sticky;top:0;z-index:1;background:var(--bg);padding-top:12px;padding-bottom:6px;border-bottom:1px solid var(--line)}
h1{font-size:20px;margin:0 0 8px}
p{margin:4px 0}
.soft{color:var(--soft);font-size:13px}
.bar{display:flex;flex-wrap:wrap;gap:8px 14px;align-items:center}
.push{flex:1}
label{font-size:13px;color:var(--soft)}
select,input[type=search],button,.button{font:inherit;font-size:14px;color:var(--ink);background:var(--panel);
border:1px solid var(--line);border-radius:6px;padding:5px 10px;max-width:100%}
input[type=search]{width:150px}
button,.button{cursor:pointer}
button:disabled{opacity:.45;cursor:default}
button.main{background:var(--accent);border-color:var(--accent);color:var(--bg);font-weight:600}
progress{display:block;width:100%;height:6px;margin:8px 0 2px;accent-color:var(--accent)}
.message{font-size:14px;color:var(--good)}.message.bad{color:var(--bad)}
article{background:var(--panel);border:1px solid var(--line);border-left:4px solid var(--line);border-radius:8px;
padding:10px 14px 12px;margin:12px 0;scroll-margin:170px 0 12px}
article.current{outline:2px solid var(--accent);outline-offset:1px}
article[data-state=accept]{border-left-color:var(--good)}
article[data-state=edit]{border-left-color:var(--edit)}
article[data-state=reject]{border-left-color:var(--bad)}
.head{display:flex;justify-content:space-between;gap:10px;font-size:13px}
.id{font-weight:600;overflow-wrap:anywhere}
.state{color:var(--soft)}
[data-state=accept] .state{color:var(--good)}[data-state=edit] .state{color:var(--edit)}[data-state=reject] .state{color:var(--bad)}
pre,textarea{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{margin:6px 0;white-space:pre-wrap;overflow-wrap:anywhere}
textarea{display:block;width:100%;resize:vertical;color:var(--ink);background:var(--code);border:1px solid var(--line);
border-radius:6px;padding:7px 9px}
[data-state=reject] textarea{opacity:.6}
.buttons{display:flex;gap:8px;margin-top:8px}
.buttons .accept{color:var(--good);font-weight:600}.buttons .reject{color:var(--bad);font-weight:600}
nav{display:flex;justify-content:center;align-items:center;gap:14px;margin:18px auto;font-size:14px}
.help{padding-bottom:40px;color:var(--soft);font-size:14px}
.help summary{cursor:pointer;color:var(--accent)}
kbd{border:1px solid var(--line);border-radius:4px;padding:0 5px;font:12px ui-monospace,Menlo,Consolas,monospace;background:var(--panel)}
@media(max-width:640px){header,main,nav,.help{padding-left:10px;padding-right:10px}header{position:static}
.push{display:none}.buttons button{flex:1;padding:9px 6px}article{padding:9px 10px 11px;scroll-margin:8px}}
)css";
}

}  // namespace r1::pipeline
