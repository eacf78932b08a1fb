/** Next.js as a static export: the backend serves `out/` from its own origin, beside `/api/v1`. */
import path from 'node:path';
import type { NextConfig } from 'next';

process.env.NEXT_TELEMETRY_DISABLED = '1';

const workspaceRoot = path.join(import.meta.dirname, '../..');

const nextConfig: NextConfig = {
  output: 'export',
  trailingSlash: true,
  images: { unoptimized: true },
  reactStrictMode: true,
  turbopack: { root: workspaceRoot },
  transpilePackages: ['@bellwether/contracts'],
};

// Next asks for a default export.
export default nextConfig;
