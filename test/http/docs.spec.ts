/** The OpenAPI document of the built backend: every route the design names, each with what it takes and answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bellwether, removeFolder, startBellwether, temporaryFolder } from '../support/bellwether';

interface Schema {
  type?: string;
  $ref?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: Schema | boolean;
  required?: string[];
  enum?: unknown[];
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
}
interface Operation {
  parameters: { name: string; in: string; required: boolean; schema?: Schema }[];
  requestBody?: Content;
  responses: Record<string, Content & { description: string }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas?: Record<string, Schema>;
    securitySchemes: Record<string, { type: string; scheme: string }>;
  };
}

/** What the design promises, and what the dashboard calls besides. */
const ROUTES = [
  'post /api/v1/samples',
  'post /api/v1/import',
  'post /api/v1/write',
  'post /api/v2/write',
  'post /write',
  'get /ping',
  'get /query',
  'post /query',
  'post /v1/metrics',
  'get /api/v1/sources',
  'post /api/v1/sources',
  'get /api/v1/sources/{id}',
  'patch /api/v1/sources/{id}',
  'delete /api/v1/sources/{id}',
  'post /api/v1/sources/{id}/test',
  'get /api/v1/series',
  'get /api/v1/series/{id}',
  'patch /api/v1/series/{id}',
  'delete /api/v1/series/{id}',
  'get /api/v1/series/{id}/view',
  'get /api/v1/alerts',
  'get /api/v1/alerts/{id}',
  'get /api/v1/alerts/{id}/explanation',
  'get /api/v1/incidents',
  'get /api/v1/incidents/{id}',
  'post /api/v1/incidents/{id}/acknowledge',
  'delete /api/v1/incidents/{id}/acknowledge',
  'post /api/v1/verdict-link',
  'put /api/v1/verdict-link',
  'get /api/v1/alerts/{id}/verdict/preview',
  'put /api/v1/alerts/{id}/verdict',
  'delete /api/v1/alerts/{id}/verdict',
  'get /api/v1/detectors',
  'patch /api/v1/detectors/{id}',
  'post /api/v1/detectors/{id}/preview',
  'get /api/v1/models',
  'get /api/v1/training-runs',
  'post /api/v1/detectors/{id}/train',
  'get /api/v1/events',
  'get /api/v1/channels',
  'post /api/v1/channels',
  'get /api/v1/channels/{id}',
  'patch /api/v1/channels/{id}',
  'get /api/v1/channels/{id}/notifications',
  'post /api/v1/channels/{id}/notifications/{notificationId}/send',
  'delete /api/v1/channels/{id}',
  'post /api/v1/channels/{id}/test',
  'get /api/v1/silences',
  'post /api/v1/silences',
  'get /api/v1/silences/{id}',
  'patch /api/v1/silences/{id}',
  'delete /api/v1/silences/{id}',
  'post /api/v1/silences/{id}/end',
  'post /api/v1/silences/preview',
  'get /api/v1/overview',
  'get /api/v1/demo',
  'post /api/v1/demo',
  'delete /api/v1/demo',
  'get /api/v1/session',
  'post /api/v1/session',
  'delete /api/v1/session',
  'get /health/live',
  'get /health/ready',
  'get /metrics',
  'get /metrics/scores',
];
const TAKES_A_BODY =
  /^(patch .*|put .*|post .*\/(samples|import|channels|demo|session|silences|preview|end|acknowledge|sources|write|metrics|verdict-link))$/;
const METHODS = ['get', 'post', 'patch', 'put', 'delete'];

let folder: string;
let bellwether: Bellwether;
let document: Document;

beforeAll(async () => {
  folder = await temporaryFolder();
  bellwether = await startBellwether(folder, { ROLES: 'api' });
  document = await bellwether.get('/api/docs/openapi.json');
});
afterAll(async () => {
  await bellwether?.stop();
  await removeFolder(folder);
});

const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) =>
      item[method] ? [[`${method} ${path}`, item[method]] as [string, Operation]] : [],
    ),
  );

/** Whether a schema says something, down to its leaves: no dangling reference, no array of anything. */
function says(schema: Schema | undefined): boolean {
  if (!schema) return false;
  if (schema.$ref) return says(document.components.schemas?.[schema.$ref.split('/').at(-1)!]);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return choices.length > 0 && choices.every(says);
  if (schema.type === 'array') return says(schema.items);
  if (schema.type === 'object') {
    const { properties = {}, additionalProperties, required = [] } = schema;
    const isClosed = required.every((name) => name in properties);
    const hasShape = Object.keys(properties).length > 0 || additionalProperties !== undefined;
    return isClosed && hasShape && Object.values(properties).every((one) => one !== undefined);
  }
  return ['string', 'number', 'integer', 'boolean'].includes(schema.type ?? '') || schema.enum !== undefined;
}

const schemasOf = ({ content = {} }: Content) => Object.values(content).map(({ schema }) => schema);

test('it holds exactly the routes there are', () => {
  expect(document.openapi).toMatch(/^3\./);
  expect(
    operations()
      .map(([name]) => name)
      .sort(),
  ).toEqual(ROUTES.toSorted());
  expect(document.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
});

describe.each(ROUTES)('%s', (route) => {
  const operation = () => operations().find(([name]) => name === route)![1];

  test('says what it answers', () => {
    const successes = Object.entries(operation().responses).filter(([status]) => status.startsWith('2'));
    expect(successes).toHaveLength(1);
    const [status, response] = successes[0]!;
    expect(response.description.length).toBeGreaterThan(5);
    if (status !== '204') {
      expect(schemasOf(response)).not.toHaveLength(0);
      expect(schemasOf(response).every(says)).toBe(true);
    }
  });

  test('says what it takes', () => {
    const { parameters, requestBody } = operation();
    const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath);
    for (const { name, schema } of parameters) expect([name, says(schema)]).toEqual([name, true]);
    expect(requestBody !== undefined).toBe(TAKES_A_BODY.test(route));
    if (requestBody) expect(schemasOf(requestBody).every(says)).toBe(true);
  });
});

test('a client can read from it which fields a sample has to have', () => {
  const samples = document.paths['/api/v1/samples']!['post']!;
  const [schema] = schemasOf(samples.requestBody!);
  expect(schema!.items!.required).toEqual(['series', 'time', 'value']);
  const problem = samples.responses['4XX']!.content!['application/problem+json']!.schema!;
  expect(problem.required).toEqual(['type', 'title', 'status', 'detail']);
});

test('a person can read it in the browser', async () => {
  const page = await fetch(`${bellwether.url}/api/docs`);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('Swagger UI');
  for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'swagger-ui-init.js'])
    expect((await fetch(`${bellwether.url}/api/docs/${file}`)).status).toBe(200);
});
