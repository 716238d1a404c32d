/** What a browser sees where the dashboard was not built. */
export const missingPage = (nonce: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Neutrino</title>
<style nonce="${nonce}">
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em; color-scheme: light dark }
</style>
</head>
<body>
<h1>The dashboard is not built</h1>
<p>This server has no files for it. Run <code>npm run build</code> in the folder of Neutrino, then reload this page; the
server need not be restarted. The API works without it: see <a href="/docs">/docs</a>.</p>
<p lang="zh">仪表板尚未构建。请在 Neutrino 目录中运行 <code>npm run build</code>，然后刷新本页；无需重启服务。API 不受影响。</p>
</body>
</html>
`;
