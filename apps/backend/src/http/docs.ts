/** OpenAPI from the contracts: the schema that checks a request is the one that documents it. */
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { Problem } from '@bellwether/contracts';
import { z } from 'zod';

type SchemaObject = NonNullable<Extract<Parameters<typeof ApiBody>[0], { schema: unknown }>['schema']>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): SchemaObject =>
  z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any' }) as SchemaObject;

/** What a route answers with, and that its errors are problem details. */
export const Answers = (schema: z.ZodType, description: string, status = 200) =>
  applyDecorators(
    ApiResponse({ status, description, schema: schemaOf(schema, 'output') }),
    ApiResponse({
      status: '4XX',
      description: 'What was wrong, where, and what to do (RFC 9457).',
      content: { 'application/problem+json': { schema: schemaOf(Problem, 'output') } },
    }),
  );

/** What a route takes as its JSON body. */
export const Takes = (schema: z.ZodType) => applyDecorators(ApiBody({ schema: schemaOf(schema, 'input') }));

/** What a route takes in its query. */
export const Asks = (schema: z.ZodObject) =>
  applyDecorators(
    ...Object.entries(schema.shape).map(([name, field]) =>
      ApiQuery({
        name,
        required: !(field as z.ZodType).safeParse(undefined).success,
        schema: schemaOf(field as z.ZodType, 'input'),
      }),
    ),
  );
