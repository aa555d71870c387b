// Visits every kind of page of a feedmill filled by its demo, in headless Chromium: 320 and 1280
// pixels wide, light and dark, scripts off. A page fails by an axe finding (WCAG 2.2 AA), a message
// of the console, a request to elsewhere, a wrong status, or by being wider than the window. Then
// every link of every page is followed.
//
//   node visit.mjs FEEDMILL [DIRECTORY FOR SCREENSHOTS]

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [binary, shots] = process.argv.slice(2);
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const WIDTHS = [320, 1280];
const SCHEMES = ['light', 'dark'];
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/// More stories than a day's first page holds.
const MANY = 1_040;
const PAGES_MAX = 10_000;
const READY_MS = 60_000;

const failures = [];
const fail = (where, what) => failures.push(`${where}: ${what}`);

async function main() {
  const browser = BROWSERS.find(existsSync);
  if (!browser) throw new Error(`no Chromium at ${BROWSERS.join(', ')}`);
  const dir = mkdtempSync(join(tmpdir(), 'feedmill-browser-'));
  const publisher = await publish();
  const site = await start(dir, publisher.port);
  try {
    const kinds = await find(site.base, site.withdrawn);
    await visit(browser, site.base, kinds);
    await crawl(site.base);
  } finally {
    await site.stop();
    publisher.close();
    rmSync(dir, { recursive: true, force: true });
  }
  if (failures.length > 0) {
    console.error(`${failures.length} failures:\n${failures.join('\n')}`);
    process.exit(1);
  }
}

/// A publisher of more than fits on one page, yesterday by the minute, in words of their own.
async function publish() {
  const start = Date.now() - 30 * 3_600_000;
  const day = start - (start % 86_400_000);
  const items = Array.from({ length: MANY }, (_, n) => {
    const words = Array.from({ length: 20 }, (_, w) => `t${(n * 7919 + w * 104729).toString(36)}`);
    const date = new Date(day + n * 60_000).toUTCString();
    return `<item><guid isPermaLink="false">many-${n}</guid><title>Bản tin số ${n} ${words[0]}</title>
      <link>https://nhieu.example/${n}</link><pubDate>${date}</pubDate>
      <description>${words.join(' ')}</description></item>`;
  });
  const body = `<?xml version="1.0"?><rss version="2.0"><channel><title>Bản tin nhanh</title>
    <link>https://nhieu.example/</link><description>Mọi phút một tin</description>
    ${items.reverse().join('')}</channel></rss>`;
  const server = createServer((request, answer) => {
    answer.writeHead(request.url === '/many.xml' ? 200 : 404, { 'content-type': 'application/rss+xml' });
    answer.end(request.url === '/many.xml' ? body : '');
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { port: server.address().port, close: () => server.close() };
}

async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

function run(config, ...commands) {
  const done = spawnSync(binary, [...config, ...commands], { encoding: 'utf8' });
  // 1: some sample publishers are meant to fail, and none of them is there any more.
  if (done.status > 1) throw new Error(`${commands.join(' ')}: ${done.status}\n${done.stderr}`);
  return done.stdout;
}

/// Fills a store by the demo and by the publisher above, and serves it.
async function start(dir, publisher) {
  const port = await freePort();
  run([], 'demo', '--once', '--dir', dir, '--listen', `127.0.0.1:${port}`);
  const path = join(dir, 'config.toml');
  const text = readFileSync(path, 'utf8').replace(/^\[server\]$/m, '[server]\nstatus_page = true\nrate_limit = "off"');
  const more = `
[category.trong]
title = "Trống"
[[source]]
id = "nhieu"
url = "http://127.0.0.1:${publisher}/many.xml"
categories = ["the-gioi"]
`;
  writeFileSync(path, text + more);
  const config = ['--config', path];
  run(config, 'poll', 'nhieu');
  const daemon = spawn(binary, [...config, '--log-format', 'json', 'run'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  await new Promise((ready, failed) => {
    const late = setTimeout(() => failed(new Error(`not ready: ${log}`)), READY_MS);
    daemon.stderr.on('data', (chunk) => {
      log += chunk;
      if (log.includes('feedmill is ready')) (clearTimeout(late), ready());
    });
    daemon.on('exit', (code) => failed(new Error(`the daemon ended with ${code}: ${log}`)));
  });
  const base = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${base}/all/archive/0.atom`)).status === 200);
  const withdrawn = await firstLink(`${base}/source/nhieu`, /^\/entry\//);
  run(config, 'withdraw', withdrawn.split('/').pop());
  const ended = new Promise((over) => daemon.removeAllListeners('exit').on('exit', over));
  return { base, withdrawn, stop: () => (daemon.kill('SIGTERM'), ended) };
}

async function until(holds) {
  const end = Date.now() + READY_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('waited too long');
    await new Promise((over) => setTimeout(over, 50));
  }
}

const attributes = (html, name) =>
  [...html.matchAll(new RegExp(`<[^>]*\\s${name}="([^"]*)"`, 'g'))].map((found) =>
    found[1].replaceAll('&amp;', '&').replaceAll('&#38;', '&'),
  );

async function firstLink(url, pattern) {
  const html = await (await fetch(url)).text();
  const found = attributes(html, 'href').find((href) => pattern.test(href));
  if (!found) throw new Error(`no link like ${pattern} on ${url}`);
  return found;
}

/// One address of each kind of page: name, path, status.
async function find(base, withdrawn) {
  const day = await firstLink(`${base}/dates`, /^\/date\//);
  const home = await (await fetch(`${base}/`)).text();
  const section = attributes(home, 'href').find((href) => href.startsWith('/category/'));
  const merged = home.split('<article>').find((part) => part.includes('class="also"'));
  const ofDay = await firstLink(`${base}/date/${day.split('/')[2]}`, /^\/category\/[^/]+\/date\//);
  const yesterday = new Date(Date.now() - 30 * 3_600_000).toISOString().slice(0, 10);
  return [
    ['home', '/', 200],
    ['category', section, 200],
    ['date', day, 200],
    ['category-date', ofDay, 200],
    ['source', await firstLink(`${base}/sources`, /^\/source\//), 200],
    ['entry', attributes(merged ?? home, 'href').find((href) => href.startsWith('/entry/')), 200],
    ['dates', '/dates', 200],
    ['categories', '/categories', 200],
    ['sources', '/sources', 200],
    ['status', '/status', 200],
    ['older', '/all/archive/0', 200],
    ['older-category', '/category/the-gioi/archive/0', 200],
    ['older-source', '/source/nhieu/archive/0', 200],
    ['older-day', `/date/${yesterday}/page/2`, 200],
    ['empty-category', '/category/trong', 200],
    ['empty-date', '/date/1999-12-31', 200],
    ['not-found', '/khong-co', 404],
    ['gone', withdrawn, 410],
  ];
}

async function visit(executablePath, base, kinds) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  if (shots) mkdirSync(shots, { recursive: true });
  let visits = 0;
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      const looks = { viewport: { width, height: 900 }, colorScheme };
      const plain = await browser.newContext({ ...looks, javaScriptEnabled: false });
      const probed = await browser.newContext({ ...looks, bypassCSP: true });
      for (const [name, path, status] of kinds) {
        const where = `${name} (${path}) at ${width} ${colorScheme}`;
        await look(plain, base, where, path, status, shots && `${shots}/${name}-${width}-${colorScheme}.png`);
        await probe(probed, axe, base, where, path);
        visits += 1;
      }
      await plain.close();
      await probed.close();
    }
  }
  await browser.close();
  console.log(`${kinds.length} kinds of pages, ${visits} visits: ${kinds.map(([name]) => name).join(', ')}`);
}

/// The page as a reader without scripts has it.
async function look(context, base, where, path, status, shot) {
  const page = await context.newPage();
  page.on('console', (message) => {
    // The browser reports the status of an error page as an error of its own.
    if (status === 200 || !message.text().includes(`status of ${status}`)) fail(where, `console: ${message.text()}`);
  });
  page.on('pageerror', (error) => fail(where, `error: ${error}`));
  page.on('requestfailed', (request) => fail(where, `failed: ${request.url()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${base}/`)) fail(where, `foreign request: ${request.url()}`);
  });
  const answer = await page.goto(base + path, { waitUntil: 'load' });
  if (answer.status() !== status) fail(where, `status ${answer.status()}`);
  const { inner, wide } = await page.evaluate(() => ({
    inner: document.documentElement.clientWidth,
    wide: document.documentElement.scrollWidth,
  }));
  if (wide > inner) fail(where, `${wide} pixels wide in a window of ${inner}`);
  if (shot) await page.screenshot({ path: shot, fullPage: false });
  await page.close();
}

/// The page as axe sees it; axe is a script, so this context has them.
async function probe(context, axe, base, where, path) {
  const page = await context.newPage();
  await page.goto(base + path, { waitUntil: 'load' });
  await page.evaluate(axe);
  const tags = AXE_TAGS;
  const found = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: 'tag', values } }), tags);
  for (const { id, help, nodes } of found.violations) {
    fail(where, `axe ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
  }
  if (found.passes.length === 0) fail(where, 'axe looked at nothing');
  await page.close();
}

/// Follows every link of every page; what lies with publishers is not asked.
async function crawl(base) {
  const seen = new Set(['/']);
  const queue = ['/'];
  let pages = 0;
  while (queue.length > 0) {
    const path = queue.shift();
    const answer = await fetch(base + path, { redirect: 'manual' });
    const body = await answer.text();
    if (answer.status !== 200) fail('link', `${path} answers ${answer.status}`);
    if (!answer.headers.get('content-type')?.startsWith('text/html')) continue;
    pages += 1;
    for (const href of [...attributes(body, 'href'), ...attributes(body, 'src')]) {
      const url = new URL(href, base + path);
      if (url.hash && href.startsWith('#') && !body.includes(`id="${href.slice(1)}"`)) fail('link', `${href} on ${path}`);
      if (url.origin === base && !seen.has(url.pathname) && seen.size < PAGES_MAX) {
        seen.add(url.pathname);
        queue.push(url.pathname);
      }
    }
  }
  console.log(`${seen.size} links alive, on ${pages} pages`);
}

await main();
