/** Of the report: one column on a phone, chart and table side by side where there is room; light, dark, and on paper. */
export const style = `
:root{color-scheme:light dark;--paper:#fff;--ground:#f5f6f8;--ink:#16202c;--soft:#5b6776;--rule:#dfe3e9;--chosen:#0b63c5;--homeonly:#8a94a3;--merged:#c2710c;--random:#b3263f;--other:#7b8797;--area:.16;--h0:#0b63c5;--h1:#c2710c;--h2:#11805f;--h3:#8a3fb5;--h4:#b3263f;--h5:#4c6a88;--wait:#b3263f}
@media (prefers-color-scheme:dark){:root{--paper:#131a23;--ground:#0b1017;--ink:#e8edf4;--soft:#9aa7b8;--rule:#2a3441;--chosen:#5ea8ff;--homeonly:#8592a4;--merged:#f0a94a;--random:#f27d92;--other:#73819a;--area:.22;--h0:#5ea8ff;--h1:#f0a94a;--h2:#4fc79c;--h3:#c58bea;--h4:#f27d92;--h5:#9db6d1;--wait:#f27d92}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 system-ui,"Noto Sans SC","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:1240px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.25;margin:0 0 6px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:19px;margin:0 0 4px}
p{margin:0 0 12px;color:var(--soft);max-width:76ch}
.note{color:var(--ink);border-left:4px solid var(--merged);padding:6px 12px;background:var(--paper);border-radius:0 6px 6px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 28px;padding:0;list-style:none}
.tiles li{background:var(--paper);border:1px solid var(--rule);border-radius:10px;padding:12px 14px}
.tiles b{display:block;font-size:23px;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}
.tiles span{display:block;font-size:13px;color:var(--soft)}
section{background:var(--paper);border:1px solid var(--rule);border-radius:12px;padding:20px 22px;margin:0 0 18px}
.pair{display:grid;grid-template-columns:minmax(420px,1fr) fit-content(580px);gap:28px;align-items:start}
figure svg+svg{margin-top:10px}
figure{margin:0;min-width:0}
svg{display:block;width:100%;height:auto;overflow:visible}
svg.narrow{display:none}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{text-align:right;padding:5px 7px;border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
th{font-weight:600}
thead th{color:var(--soft);font-weight:500;border-bottom-color:var(--soft);white-space:normal;vertical-align:bottom}
tr.mine>*{font-weight:650;color:var(--chosen)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 8px;padding:0;list-style:none;font-size:13px;color:var(--soft)}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px}
.legend i.round{border-radius:50%}
.legend i.square{border-radius:1px}
.legend i.diamond{border-radius:0;width:10px;height:10px;margin:0 8px 0 2px;transform:rotate(45deg)}
.legend i.small{width:9px;height:9px}
.legend i.triangle{width:0;height:0;border-radius:0;background:none;border:7px solid transparent;border-top:0;border-bottom:12px solid var(--homeonly)}
code{font:13px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:13px;margin-top:24px}
text{font:12px system-ui,"Noto Sans SC","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;fill:var(--soft)}
text.label{fill:var(--ink);font-weight:600}
text.value{fill:var(--ink)}
text.big{font-size:22px;font-weight:650;fill:var(--chosen)}
.end{text-anchor:end}.middle{text-anchor:middle}.start{text-anchor:start}
.grid{stroke:var(--rule);stroke-width:1}
.front{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
.chosen{fill:var(--chosen);background:var(--chosen);stroke:var(--chosen)}.homeonly{fill:var(--homeonly);background:var(--homeonly);stroke:var(--homeonly)}.merged{fill:var(--merged);background:var(--merged);stroke:var(--merged)}.random{fill:var(--random);background:var(--random);stroke:var(--random)}.other{fill:var(--other);background:var(--other);stroke:var(--other)}
rect.chosen,rect.homeonly,rect.merged{stroke:none}
.ring{stroke:var(--paper);stroke-width:1.5}
.h0{fill:var(--h0);stroke:var(--h0)}.h1{fill:var(--h1);stroke:var(--h1)}.h2{fill:var(--h2);stroke:var(--h2)}.h3{fill:var(--h3);stroke:var(--h3)}.h4{fill:var(--h4);stroke:var(--h4)}.h5{fill:var(--h5);stroke:var(--h5)}.wait{fill:var(--wait);stroke:var(--wait)}
polygon.area{fill-opacity:var(--area);stroke:none}
polyline.line{fill:none;stroke-width:1.6;stroke-linejoin:round}
polyline.line.chosen{stroke-width:2.6}polyline.line.homeonly{stroke-dasharray:2 4;stroke-width:2}polyline.line.merged{stroke-dasharray:8 4;stroke-width:2}
@media (max-width:960px){.pair{grid-template-columns:minmax(0,1fr)}}
@media (max-width:560px){main{padding:20px 12px 40px}section{padding:16px 12px}h1{font-size:22px}svg.wide{display:none}svg.narrow{display:block}.tiles{grid-template-columns:1fr 1fr;gap:8px}.tiles b{font-size:19px}}
@media print{:root{color-scheme:light;--paper:#fff;--ground:#fff;--ink:#000;--soft:#444;--rule:#ccc;--chosen:#0b63c5;--homeonly:#8a94a3;--merged:#c2710c;--random:#b3263f;--other:#7b8797;--area:.16;--h0:#0b63c5;--h1:#c2710c;--h2:#11805f;--h3:#8a3fb5;--h4:#b3263f;--h5:#4c6a88;--wait:#b3263f}main{max-width:none;padding:0}section,.tiles li{break-inside:avoid;border-color:#bbb}.pair{grid-template-columns:minmax(0,1fr)}svg.wide{display:block!important;max-width:640px}svg.narrow{display:none!important}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`.trim();
