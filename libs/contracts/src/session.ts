/** Signing in: the dashboard trades an API key for a cookie. */
import { z } from 'zod';

export const SessionInput = z.object({ key: z.string().min(1).max(200) }).strict();
export type SessionInput = z.infer<typeof SessionInput>;

/** `needsKey` is false on loopback, where nobody is asked. */
export const Session = z.object({ needsKey: z.boolean(), isSignedIn: z.boolean() });
export type Session = z.infer<typeof Session>;

export const DemoInput = z.object({ speed: z.number().min(1).max(3600).default(300) }).strict();
export type DemoInput = z.infer<typeof DemoInput>;
