/** The HTTP server around the API: access, body and header limits, security headers, OpenAPI, the dashboard's files. */
import { existsSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { Logger } from 'nestjs-pino';
import { AccessMiddleware } from '../http/access.middleware';
import { admit } from '../http/admission';
import { BadInput } from '../http/problem';
import { findSyntaxError } from '../ingest/json-syntax';
import { ApiModule, type Foundation } from './app.module';

/** The dashboard as `next build` exports it. */
export const DASHBOARD = join(__dirname, '../../../dashboard/out');

const MIB = 1024 * 1024;
const SMALL_BODY = '1mb';
/** Whose clients throw away what a 429 refuses, and send again what a 503 does: see `ingest/busy.ts`. */
const HASTY = /^(\/api\/v1)?\/write\/?(\?|$)/i;
/** Of the largest size; of smaller ones more. */
const BODIES_AT_ONCE = 4;
const HEADERS_MS = 15_000;
const REQUEST_MS = 120_000;
/** Requests of the ingest routes, which read their bodies themselves: as text, or as bytes where other people's clients send them. */
const INGEST = /^\/api\/v1\/(samples|import)\/?(\?|$)/i;
const PROTOCOL = /^\/(write|query|api\/v[12]\/write|v1\/metrics)\/?(\?|$)/i;

export async function createServer(
  foundation: Foundation,
  dashboard = DASHBOARD,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.with(foundation), {
    bodyParser: false,
    bufferLogs: true,
    // What goes wrong here is told by `main`, which also ends what it has started.
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  app.disable('x-powered-by');
  app.use(securityHeaders(foundation));
  useAccess(app);
  useBodies(app, foundation.config.MAX_BODY_MB * MIB);
  useDocs(app);
  useDashboard(app, dashboard);
  limitConnections(app);
  return app;
}

/** Before the bodies are read: nobody sends 32 MiB without a key. */
function useAccess(app: NestExpressApplication): void {
  const access = app.get(AccessMiddleware, { strict: false });
  app.use(access.use.bind(access));
}

function useBodies(app: NestExpressApplication, ingestLimit: number): void {
  const isIngest = (request: IncomingMessage) => INGEST.test(request.url ?? '');
  const isProtocol = (request: IncomingMessage) => PROTOCOL.test(request.url ?? '');
  const isUpload = (request: IncomingMessage) => /^multipart\//i.test(request.headers['content-type'] ?? '');
  const sizes = { limit: BODIES_AT_ONCE * ingestLimit, largest: ingestLimit };
  const enter = admit({ ...sizes, isPatient: (request) => !HASTY.test(request.url ?? '') });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (isIngest(request) || isProtocol(request)) enter(request, response, next);
    else next();
  });
  // Snappy is no encoding that a body parser knows; the decoder of remote write takes it, always.
  app.use((request: Request, _response: Response, next: NextFunction) => {
    if (isProtocol(request) && request.headers['content-encoding'] === 'snappy')
      delete request.headers['content-encoding'];
    next();
  });
  app.useBodyParser('raw', { type: isProtocol, limit: ingestLimit });
  app.useBodyParser('text', {
    type: (request: IncomingMessage) => isIngest(request) && !isUpload(request),
    limit: ingestLimit,
  });
  app.useBodyParser('text', {
    type: (request: IncomingMessage) => !isIngest(request) && !isProtocol(request) && !isUpload(request),
    limit: SMALL_BODY,
  });
  app.use((request: Request, _response: Response, next: NextFunction) => {
    if (!isIngest(request) && !isProtocol(request) && typeof request.body === 'string')
      request.body = parseJson(request.body);
    next();
  });
}

/** JSON.parse says where on some versions of Node and for some mistakes only. */
function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    const { line, column, what } = findSyntaxError(text);
    throw new BadInput(`The body is not valid JSON: line ${line}, column ${column}: ${what}.`);
  }
}

/** Next's export starts with inline scripts, so these are allowed; everything else comes from here. */
function securityHeaders({ config }: Foundation) {
  const isSecure = config.PUBLIC_URL?.startsWith('https:') ?? false;
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", "'unsafe-inline'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Tells other sites nothing, and keeps the Origin of this one's own requests, which the access check reads.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: isSecure,
    crossOriginOpenerPolicy: isSecure,
    originAgentCluster: isSecure,
  });
}

function useDocs(app: NestExpressApplication): void {
  const document = new DocumentBuilder()
    .setTitle('Bellwether')
    .setDescription(
      'Send samples, read series, scores, forecasts and alerts. Errors are problem details (RFC 9457).',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key; not needed on loopback.' })
    .addSecurityRequirements('bearer')
    .build();
  SwaggerModule.setup('api/docs', app, () => SwaggerModule.createDocument(app, document), {
    jsonDocumentUrl: 'api/docs/openapi.json',
  });
}

function useDashboard(app: NestExpressApplication, folder: string): void {
  if (!existsSync(folder)) return;
  app.useStaticAssets(folder, {
    setHeaders: (response: ServerResponse, path: string) => {
      const isNamedByContent = /[\\/]_next[\\/]static[\\/]/.test(path);
      response.setHeader(
        'Cache-Control',
        isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
  // A page that is not there is the dashboard's own; the API says so in its way.
  app.use((request: Request, response: Response, next: NextFunction) => {
    const isPage = request.method === 'GET' && request.accepts(['json', 'html']) === 'html';
    if (!isPage || /^\/(api|health|metrics)(\/|$)/i.test(request.path)) next();
    else response.status(404).sendFile('404.html', { root: folder });
  });
}

function limitConnections(app: NestExpressApplication): void {
  const server: Server = app.getHttpServer();
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = REQUEST_MS;
}
