# One place to pin the base: node:24-slim@sha256:… makes every build the same.
FROM node:24-slim AS node

FROM node AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# What is in it, with licences, as CycloneDX. (By --omit=dev npm leaves out what packages for development need, too.)
RUN npm pkg delete devDependencies && npm run --silent sbom > sbom.cdx.json

# No build step: Node 24 runs the TypeScript in src/ as it is.
FROM node
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies /app/sbom.cdx.json ./
COPY package.json LICENSE ./
COPY src ./src
COPY definitions ./definitions
USER node
# Alive means that it answers, though a server that it waits for be away: starting it anew would not help. One that does
# not move ends by itself. Whether it is ready is said by /readyz and `projector status`.
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["node", "--eval", "fetch('http://127.0.0.1:' + (process.env.HTTP_PORT || 9464) + '/livez').then(({ ok }) => process.exit(Number(!ok)), () => process.exit(1))"]
ENTRYPOINT ["node", "src/cli/main.ts"]
CMD ["run"]
