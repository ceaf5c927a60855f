// The page's style sheet. Colours are variables, set once for light and once for dark.
#include "r1/pipeline/page/page.h"

namespace r1::pipeline {

const char* page_style() {
  return R"css(
:root{--bg:#fbfbfa;--panel:#fff;--ink:#1b1f24;--soft:#5b6470;--line:#e2e4e8;--accent:#1f5fbf;--raw:#a9c3ea;--good:#1a7f4b;
--bad:#b3261e;--good-bg:#e7f4ec;--bad-bg:#fbe9e7;--code:#f4f5f7;--mark:#b45309}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--panel:#1b1f25;--ink:#e6e8eb;--soft:#9aa4b0;--line:#2d333b;
--accent:#78aef5;--raw:#3a5680;--good:#5ec28d;--bad:#f08a80;--good-bg:#183526;--bad-bg:#401f1c;--code:#22272e;--mark:#e0a458}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1280px;margin:0 auto;padding:28px 20px 56px}
h1{font-size:26px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:17px;margin:36px 0 10px}
h3{font-size:15px;margin:22px 0 8px}
p{margin:0 0 12px;max-width:76ch}
.soft{color:var(--soft)}.small{font-size:13px}
.verdict{display:inline-block;font-size:13px;font-weight:600;padding:2px 10px;border-radius:99px}
.pass{color:var(--good)}.fail{color:var(--bad)}
.verdict.pass{background:var(--good-bg)}.verdict.fail{background:var(--bad-bg)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:1px;background:var(--panel);
border:1px solid var(--line);border-radius:8px;overflow:hidden;margin:18px 0 8px}
.tile{padding:12px 14px;box-shadow:0 0 0 1px var(--line)}
.tile b{display:block;font-size:21px;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
.tile span{color:var(--soft);font-size:13px}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:12px}
.plot{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:10px 12px 6px;margin:0}
.plot figcaption{display:flex;justify-content:space-between;gap:8px;font-weight:600;font-size:14px}
.plot figcaption span{font-variant-numeric:tabular-nums}
.plot p{margin:0 0 4px;font-size:12.5px;color:var(--soft);line-height:1.35}
svg{display:block;width:100%;height:auto}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}
svg .grid{stroke:var(--line)}
svg polyline{fill:none;stroke-linejoin:round}
svg .raw{stroke:var(--raw);stroke-width:1}
svg .mean{stroke:var(--accent);stroke-width:2}
svg .dot{fill:var(--accent)}
svg .mark{stroke:var(--mark);stroke-width:1.5;stroke-dasharray:4 3}
.plot .change{color:var(--mark);margin:2px 0 4px}
svg.lineage{max-width:none;margin:0 auto}
.lineage .box{fill:var(--code);stroke:var(--line)}
.lineage .name{fill:var(--ink);font-weight:600}
.lineage path{fill:none}
.lineage .hands-data{stroke:var(--soft);opacity:.75}
.lineage .hands-model{stroke:var(--accent);stroke-width:1.6}
.lineage marker path{stroke:none}
.lineage marker.hands-data path{fill:var(--soft)}
.lineage marker.hands-model path{fill:var(--accent)}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px;background:var(--panel)}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:6px 12px;text-align:left;border-top:1px solid var(--line);white-space:nowrap}
thead th{border-top:0;color:var(--soft);font-weight:600;font-size:13px}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr.total td{font-weight:600}
.models small{display:block;color:var(--soft);font-size:11.5px;font-weight:400}
.models td{vertical-align:top}.models th,.models td{padding:6px 9px}
.models td.model{font-weight:600}
.models th:first-child,.models td:first-child{position:sticky;left:0;background:var(--panel);box-shadow:1px 0 0 var(--line)}
td.figures{white-space:normal;overflow-wrap:anywhere;min-width:260px}
tr.out td{color:var(--soft)}
tr.sub td:first-child{padding-left:28px;color:var(--soft)}
.samples{display:grid;gap:12px}
.sample{background:var(--panel);border:1px solid var(--line);border-radius:8px;overflow:hidden}
.ask{padding:9px 14px;border-bottom:1px solid var(--line)}
.pair{display:grid;grid-template-columns:1fr 1fr}
.pair>div{padding:9px 14px;min-width:0}
.pair>div+div{border-left:1px solid var(--line)}
details.sample{margin:0}
summary.ask{color:var(--ink);border-bottom:0}
summary.ask pre{display:inline}
summary.ask span{display:block}
.sample[open]>summary.ask{border-bottom:1px solid var(--line)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(270px,1fr));gap:1px;background:var(--line)}
.card{padding:9px 14px;min-width:0;background:var(--panel)}
.card b{color:var(--ink)}
.who .pass,.who .fail{white-space:nowrap}
.who{display:flex;justify-content:space-between;gap:8px;font-size:13px;color:var(--soft);margin-bottom:5px}
pre{margin:0;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.pair pre,.card pre{background:var(--code);border-radius:5px;padding:7px 9px;max-height:260px;overflow-y:auto}
.checks{max-width:760px}.narrow{max-width:560px}
details{margin-top:10px}
details>.plots{margin-top:10px}
summary{cursor:pointer;color:var(--accent)}
details>pre{background:var(--code);padding:10px 12px;border-radius:6px;margin-top:8px;overflow-x:auto}
@media(max-width:640px){main{padding:18px 12px 40px}.pair{grid-template-columns:1fr}
.pair>div+div{border-left:0;border-top:1px solid var(--line)}th,td{padding:6px 8px}.tiles{grid-template-columns:1fr 1fr}
.cards{display:flex;overflow-x:auto}.card{flex:0 0 82%}
.tile{padding:9px 10px}.tile b{font-size:16px}table{font-size:13px}}
)css";
}

}  // namespace r1::pipeline
