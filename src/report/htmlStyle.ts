/**
 * The page's only style. Colours come in pairs for light and dark; each pair of text and ground has a contrast of 4.5 or
 * more, which a test computes. Nothing is told by colour alone.
 */
export const styleSheet = `
:root{color-scheme:light dark;--ground:#f4f6f8;--surface:#ffffff;--ink:#17212b;--muted:#52606d;--line:#cfd7e0;--accent:#1d5fb4;
--good:#17663a;--good-soft:#e3f4e9;--warning:#7d4b00;--warning-soft:#fdf0d5;--error:#ab1f18;--error-soft:#fde9e7;
--mono:ui-monospace,"SFMono-Regular","Cascadia Mono","Liberation Mono",Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){:root{--ground:#10151b;--surface:#19212a;--ink:#e5eaf0;--muted:#a5b1bf;--line:#364350;--accent:#86b7ff;
--good:#7ed8a2;--good-soft:#14301f;--warning:#f0c061;--warning-soft:#33270d;--error:#ff9c92;--error-soft:#3b1d1b}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI","Liberation Sans",Roboto,sans-serif;overflow-wrap:anywhere}
header,main{max-width:1160px;margin:0 auto;padding:0 16px}
header{padding-top:32px}
.kicker{margin:0;color:var(--muted)}
h1{margin:0;font-size:2rem;line-height:1.2}
h2{margin:44px 0 14px;font-size:1.3rem}
h3{margin:24px 0 8px;font-size:1.05rem}
h4{display:flex;flex-wrap:wrap;align-items:center;gap:8px;margin:0;font-size:.95rem;font-weight:600}
p{margin:6px 0}
code,pre,.path{font-family:var(--mono);font-size:.86em}
.verdict{display:inline-block;margin:14px 0 8px;padding:6px 16px 6px 10px;border:1px solid currentColor;border-radius:8px;font-size:1.15rem;font-weight:650}
.good .verdict{color:var(--good);background:var(--good-soft)}
.warning .verdict{color:var(--warning);background:var(--warning-soft)}
.error .verdict{color:var(--error);background:var(--error-soft)}
.about,.count,.layer,.source{color:var(--muted);font-size:.9rem}
.count,.layer{font-weight:400}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
ul,ol,dl,dd{margin:0;padding:0}
li{list-style:none}
.layers{display:grid;grid-template-columns:repeat(4,1fr);gap:22px;margin:22px 0 14px}
.layers li{position:relative;display:grid;padding:10px 14px;border:1px solid var(--line);border-top:4px solid var(--good);border-radius:8px;background:var(--surface)}
.layers li+li::before{content:"↔";position:absolute;left:-20px;top:50%;transform:translateY(-50%);color:var(--muted)}
.layers span{color:var(--muted);font-size:.86rem}
.layers strong{color:var(--good);font-size:.95rem}
.layers .warning{border-top-color:var(--warning)}.layers .warning strong{color:var(--warning)}
.layers .error{border-top-color:var(--error)}.layers .error strong{color:var(--error)}
.facts,.legend{display:flex;flex-wrap:wrap;gap:6px 22px}
.facts b{font-size:1.25rem;font-variant-numeric:tabular-nums}
.facts li,.legend{color:var(--muted)}
.facts b,.legend b{color:var(--ink)}
.legend{margin-bottom:12px;font-size:.88rem}
.legend svg{vertical-align:-3px}
.finding,.file,.owner{margin:0 0 10px;border:1px solid var(--line);border-left:5px solid var(--muted);border-radius:8px;background:var(--surface)}
.finding{padding:12px 14px}
.finding.error,.file.error{border-left-color:var(--error)}
.finding.warning{border-left-color:var(--warning)}
.file.good{border-left-color:var(--good)}
.badge{padding:1px 9px;border-radius:99px;border:1px solid currentColor;font-size:.82rem}
.badge.error{color:var(--error);background:var(--error-soft)}
.badge.warning{color:var(--warning);background:var(--warning-soft)}
.badge.info{color:var(--muted)}
.said{margin:8px 0;padding:8px 10px;border-radius:6px;background:var(--ground);overflow-x:auto}
.entries{margin:8px 0}
.entries li{display:flex;gap:10px;padding:5px 0;border-top:1px solid var(--line)}
.entries dl{display:grid;gap:1px;min-width:0}
.entries dl div{display:flex;flex-wrap:wrap;gap:0 10px}
.entries dt{color:var(--muted);font-size:.86rem;width:4.8em;white-space:nowrap}
.entries dt.unseen{width:1px}
.entries dd{min-width:0;font-size:.95rem}
.entries dd b{color:var(--warning);background:var(--warning-soft);border-radius:3px}
.mark,.line-mark{flex:none;width:1.5em;height:1.5em;border-radius:5px;border:1px solid currentColor;font:700 .95rem/1.4 var(--mono);text-align:center}
.line-mark{display:inline-block}
.mark.missing,.line-mark.missing,.mark.too-much,.line-mark.extra{color:var(--error);background:var(--error-soft)}
.mark.different,.line-mark.elsewhere{color:var(--warning);background:var(--warning-soft)}
.mark.missing,.line-mark.missing{border-style:dashed}
.do{margin:8px 0 0}
.do b{margin-right:6px;color:var(--accent)}
summary{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px;padding:8px 12px;border-radius:6px;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary::before{content:"▸";flex:none;width:.7em;color:var(--accent);transition:transform .1s}
details[open]>summary::before{transform:rotate(90deg)}
summary:hover{background:var(--ground)}
summary:focus-visible,.said:focus-visible{outline:3px solid var(--accent);outline-offset:1px}
.finding summary{padding:4px 0;color:var(--accent)}
.file-state{margin-left:auto;font-size:.9rem;color:var(--good)}
.file.error .file-state{color:var(--error)}
.rest>summary{margin-bottom:8px;padding-left:0;color:var(--accent)}
.file p,.owner p{margin:4px 12px 8px}
.code{padding:6px 0 8px;border-top:1px solid var(--line);font:.82rem/1.55 var(--mono)}
.code code{font-size:1em;white-space:pre-wrap;min-width:0}
.line{display:flex;padding-right:10px;min-height:1.55em}
.number{flex:none;width:4.2em;padding-right:.8em;text-align:right;color:var(--muted)}
.sign{flex:none;width:1.6em;font-weight:700}
.line.extra,.line.missing{color:var(--error);background:var(--error-soft)}
.line.missing code{text-decoration:underline dashed 1px;text-underline-offset:3px}
.line.elsewhere,.note{color:var(--warning);background:var(--warning-soft)}
.note{padding:2px 10px 0 5.8em;font-family:system-ui,sans-serif;font-size:.95em}
.folded{padding:3px 10px 3px 5.8em;color:var(--muted);background:var(--ground);font-family:system-ui,sans-serif}
table{width:calc(100% - 24px);margin:0 12px 12px;border-collapse:collapse;font-size:.9rem}
th,td{padding:4px 12px 4px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--muted);font-weight:600}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,344px),1fr));gap:22px;align-items:start}
.panel{display:block;width:100%;max-width:420px;height:auto}
.panel text,.chip text{fill:var(--ink);font:12px system-ui,"Liberation Sans",sans-serif}
.panel .name{font-size:14.5px;font-weight:650}
.panel .guest-name{font-weight:650}
.panel .small{fill:var(--muted);font-size:11px}
.panel .end{text-anchor:end}
.panel .tone{font-weight:650}
.panel .tone.good{fill:var(--good)}.panel .tone.warning{fill:var(--warning)}.panel .tone.error{fill:var(--error)}
.panel .address{font:11px var(--mono)}
.panel .wire{fill:none;stroke:var(--line);stroke-width:2}
.panel .link,.panel .guest{fill:var(--surface);stroke:var(--line)}
.panel .link{stroke-width:1.5}
.panel .link.good{stroke:var(--good)}.panel .dot.good{fill:var(--good)}
.panel .link.warning{stroke:var(--warning)}.panel .dot.warning{fill:var(--warning)}
.panel .link.error,.panel .guest.wrong{stroke:var(--error)}.panel .dot.error,.panel .square.error{fill:var(--error)}
.panel .square{fill:var(--good);opacity:.75}
.chip rect{stroke:var(--good);fill:var(--good-soft)}
.chip text,.panel .chip text{fill:var(--good);font:600 10px var(--mono);text-anchor:middle}
.chip.missing rect,.chip.extra rect{stroke:var(--error);fill:var(--error-soft)}
.chip.missing text,.chip.extra text{fill:var(--error)}
.chip.missing rect{stroke-dasharray:3 2}
.chip.different rect{stroke:var(--warning);fill:var(--warning-soft)}
.chip.different text{fill:var(--warning)}
main{padding-bottom:60px}
@media (max-width:720px){
h1{font-size:1.6rem}
.layers{grid-template-columns:1fr;gap:8px}
.layers li{grid-template-columns:1fr auto}
.layers strong{grid-row:1/3;grid-column:2;align-self:center}
.layers li+li::before{content:none}
.file-state{flex-basis:100%;margin:0 0 0 1.5em}
.path{flex:1 1 80%;min-width:0}
.number{width:2.9em;padding-right:.5em}
.note,.folded{padding-left:4.5em}
thead{position:absolute;clip-path:inset(50%)}
tr{display:block;padding:6px 0;border-bottom:1px solid var(--line)}
td{display:inline;padding:0 8px 0 0;border:0}
}
@media print{
:root{color-scheme:light;--ground:#ffffff;--surface:#ffffff;--ink:#000000;--muted:#444444;--line:#bbbbbb;--accent:#123f7a;
--good:#17663a;--good-soft:#f2faf5;--warning:#7d4b00;--warning-soft:#fdf6e6;--error:#ab1f18;--error-soft:#fdf1f0}
body{font-size:11pt;print-color-adjust:exact}
header,main{max-width:none;padding-left:0;padding-right:0}
.said{white-space:pre-wrap}
.finding>details::details-content,.file.error::details-content,#repaired+details::details-content{content-visibility:visible;display:block;height:auto}
.finding,.panel,.layers li,tr{break-inside:avoid}
h2,h3,summary{break-after:avoid}
.panels{grid-template-columns:1fr 1fr}
.owners:not(:has([open])){columns:2}
.owner{break-inside:avoid}
@page{margin:14mm}
}
`;

/** SHA-256 of the style sheet, which lets the page's policy admit it and nothing else; a test tells a wrong one. */
export const styleHash = "qrxWDic3iEqIYmuhZxidEpjOtk3g3D+GEjlwWOPegnI=";
