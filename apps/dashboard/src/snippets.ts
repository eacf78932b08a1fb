/** What to paste where samples come from, with this address in it and the place of a key where one is asked for. Pure. */

/** A way to send samples: what it is called, where its snippet goes, and the snippet. */
export interface Way {
  name: string;
  /** What is done with the snippet, one sentence. */
  says: string;
  text: string;
}

const KEY = 'YOUR_API_KEY';

export function waysToSend(origin: string, needsKey: boolean): Way[] {
  return [
    {
      name: 'curl',
      says: 'One request, as many samples as you like. Run this one every few seconds and a series grows.',
      text: curl(origin, needsKey),
    },
    {
      name: 'Prometheus',
      says: 'Remote write, in prometheus.yml. Counters are recognized, and watched by their rate.',
      text: prometheus(origin, needsKey),
    },
    {
      name: 'Telegraf',
      says: 'In telegraf.conf; clients of InfluxDB send to the same address. Organization and bucket are not looked at.',
      text: telegraf(origin, needsKey),
    },
    {
      name: 'OpenTelemetry',
      says: 'In the configuration of the collector. SDKs send to the same address, OTLP over HTTP.',
      text: openTelemetry(origin, needsKey),
    },
    {
      name: 'Files',
      says: `CSV and NDJSON of any size, in the folder of Bellwether${needsKey ? '; key.txt holds your API key' : ''}.`,
      text: `npx bellwether import file.csv --url ${origin}${needsKey ? ' --key-file key.txt' : ''}`,
    },
  ];
}

/** Every run sends another number, so that a loop around it makes a series worth looking at. */
function curl(origin: string, needsKey: boolean): string {
  const lines = [
    `curl ${origin}/api/v1/samples`,
    ...(needsKey ? [`-H 'authorization: Bearer ${KEY}'`] : []),
    `-H 'content-type: application/json'`,
    `-d '[{"series": "dice",\n        "time": '$(date +%s000)',\n        "value": '$((RANDOM % 6 + 1))'}]'`,
  ];
  return lines.join(' \\\n  ');
}

const prometheus = (origin: string, needsKey: boolean): string =>
  [
    'remote_write:',
    `  - url: ${origin}/api/v1/write`,
    ...(needsKey ? ['    authorization:', `      credentials: ${KEY}`] : []),
  ].join('\n');

const telegraf = (origin: string, needsKey: boolean): string =>
  [
    '[[outputs.influxdb_v2]]',
    `  urls = ["${origin}"]`,
    `  token = "${needsKey ? KEY : 'any'}"`,
    '  organization = "any"',
    '  bucket = "any"',
  ].join('\n');

const openTelemetry = (origin: string, needsKey: boolean): string =>
  [
    'exporters:',
    '  otlphttp/bellwether:',
    `    metrics_endpoint: ${origin}/v1/metrics`,
    ...(needsKey ? ['    headers:', `      Authorization: Bearer ${KEY}`] : []),
    'service:',
    '  pipelines:',
    '    metrics:',
    '      receivers: [otlp]',
    '      exporters: [otlphttp/bellwether]',
  ].join('\n');
