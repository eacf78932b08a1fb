/** Finds a Chromium for the browser tests, and on Debian and Ubuntu fetches one. */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './processes.mjs';
import { Refusal, timed } from './setup.mjs';

/** The path of a Chromium, installed first if that can be done here. */
export async function findChromium() {
  const named = process.env.CHROMIUM;
  if (named) {
    if (isExecutable(named)) return named;
    throw new Refusal(`CHROMIUM=${named} is not an executable file.`);
  }
  return candidates().find(isExecutable) ?? (await installChromium());
}

/** Where browsers usually are, in the order they are preferred. */
function candidates() {
  const { LOCALAPPDATA = '', PROGRAMFILES = '', 'PROGRAMFILES(X86)': programs86 = '' } = process.env;
  if (process.platform === 'win32') {
    const chrome = join('Google', 'Chrome', 'Application', 'chrome.exe');
    const edge = join('Microsoft', 'Edge', 'Application', 'msedge.exe');
    return [
      ...[PROGRAMFILES, programs86, LOCALAPPDATA].map((folder) => join(folder, chrome)),
      ...playwrightCache(join(LOCALAPPDATA, 'ms-playwright')),
      join(programs86, edge),
    ];
  }
  if (process.platform === 'darwin') {
    return [
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      join(homedir(), 'Applications/Google Chrome.app/Contents/MacOS/Google Chrome'),
      ...playwrightCache(join(homedir(), 'Library/Caches/ms-playwright')),
      '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    ];
  }
  return [
    ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(
      (name) => `/usr/bin/${name}`,
    ),
    '/opt/google/chrome/chrome',
    '/snap/bin/chromium',
    ...playwrightCache(join(homedir(), '.cache/ms-playwright')),
  ];
}

/** What `playwright install` left, newest first. */
function playwrightCache(folder) {
  if (!existsSync(folder)) return [];
  const versions = readdirSync(folder).filter((name) => name.startsWith('chromium-'));
  const executables = [
    'chrome-linux/chrome',
    'chrome-linux64/chrome',
    'chrome-win/chrome.exe',
    'chrome-win64/chrome.exe',
    'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  ];
  return versions
    .sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]))
    .flatMap((version) => executables.map((executable) => join(folder, version, executable)));
}

/** As root on Debian or Ubuntu, apt knows how; elsewhere one line says what to do. */
async function installChromium() {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !isExecutable('/usr/bin/apt-get')) {
    const how = { linux: 'apt-get install chromium (as root)', darwin: 'brew install --cask chromium' }[
      process.platform
    ];
    throw new Refusal(
      `The browser tests need Chromium: ${how ?? 'install Chrome'}, or set CHROMIUM=/path/to/chrome.`,
    );
  }
  const script = 'apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core';
  const { code, output, seconds } = await timed('installing Chromium with apt-get', () =>
    run('/bin/sh', ['-c', script], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }),
  );
  const found = candidates().find(isExecutable);
  if (code !== 0 || !found) {
    const end = output.trim().split('\n').slice(-20).join('\n');
    throw new Refusal(
      `${end}\nThe browser tests need Chromium, and apt-get could not install it: set CHROMIUM=/path/to/chrome.`,
    );
  }
  console.log(`installed Chromium in ${seconds} s`);
  return found;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run
  }
}
