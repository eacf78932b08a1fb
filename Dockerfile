# Bellwether in one image: dashboard, API and workers, with the embedded TimescaleDB or, by DATABASE_URL, one of your own.

FROM node:20-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY apps/backend/package.json apps/backend/
COPY apps/dashboard/package.json apps/dashboard/
COPY libs/contracts/package.json libs/contracts/
COPY libs/models/package.json libs/models/

FROM manifests AS build
ENV NX_DAEMON=false NX_NO_CLOUD=true NEXT_TELEMETRY_DISABLED=1
RUN npm ci --no-audit --no-fund
COPY . .
RUN npx nx run-many -t build

# What the backend needs to run. The CUDA build of TensorFlow is of no use in an image without CUDA.
FROM manifests AS dependencies
RUN npm ci --omit=dev --no-audit --no-fund \
      --workspace @bellwether/backend --workspace @bellwether/models --workspace @bellwether/contracts \
  && rm -rf node_modules/@tensorflow/tfjs-node-gpu

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/app/data
COPY --from=dependencies /app ./
COPY --from=build /app/libs/contracts/dist libs/contracts/dist
COPY --from=build /app/libs/models/dist libs/models/dist
COPY --from=build /app/apps/backend/dist apps/backend/dist
COPY --from=build /app/apps/dashboard/out apps/dashboard/out
COPY migrations migrations
COPY LICENSE ./
RUN mkdir data && chown node:node data
USER node
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/backend/dist/main.js"]
