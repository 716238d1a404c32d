/** The look of the pages: one file, served by us, for light and dark screens and for paper. */
export const style = `:root {
  color-scheme: light dark;
  --ink: light-dark(#1b1f24, #e6e8eb);
  --paper: light-dark(#ffffff, #14171a);
  --soft: light-dark(#5b6470, #9aa4b0);
  --line: light-dark(#d9dde2, #2e343b);
  --fill: light-dark(#f4f6f8, #1d2126);
  --link: light-dark(#0a58a8, #7ab8ff);
}
* { box-sizing: border-box; }
body {
  margin: 0; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif;
  display: grid; grid-template-columns: 15rem minmax(0, 1fr);
}
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; }
nav { padding: 1.5rem 1rem; border-right: 1px solid var(--line); min-height: 100vh; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav a { display: block; padding: .15rem .5rem; text-decoration: none; border-radius: 4px; }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { background: var(--fill); font-weight: 600; }
main { padding: 1.5rem 2rem 4rem; max-width: 75rem; }
h1 { margin: 0 0 .25rem; }
h2 { margin: 2.5rem 0 .5rem; }
h3 { margin: 1.5rem 0 .25rem; font-size: 1rem; }
.lead { color: var(--soft); margin-top: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
td code, p code { overflow-wrap: anywhere; }
th code, td:first-child code { overflow-wrap: normal; white-space: nowrap; }
pre { background: var(--fill); padding: .75rem 1rem; border-radius: 6px; overflow-x: auto; margin: .25rem 0 1rem; }
.note { color: var(--soft); font-size: .85rem; display: block; }
.verb { display: inline-block; min-width: 4.5em; font-weight: 600; }
@media (max-width: 50rem) {
  body { display: block; }
  nav { min-height: 0; border: 0; border-bottom: 1px solid var(--line); }
  nav ul { columns: 2; }
  main { padding: 1rem; }
}
@media print { nav { display: none; } body { display: block; } }
`;
