cd .
for mode in "--workspaces=false" "" ; do for with in no yes; do
rm -rf /tmp/npmtry; mkdir -p /tmp/npmtry; cp package.json package-lock.json /tmp/npmtry; 
[ $with = yes ] && mkdir /tmp/npmtry/admin && cp admin/package.json /tmp/npmtry/admin
(cd /tmp/npmtry; timeout 90 npm ci --omit=dev --ignore-scripts --no-audit --no-fund $mode 2>&1 | tail -5; echo "mode=$mode with=$with"; ls node_modules | wc -l; ls node_modules | grep -c fastify; ls -la node_modules | grep -i movies)
[ -d /tmp/npmtry/node_modules/pg ] && [ ! -d /tmp/npmtry/node_modules/fastify ] && break 2
done; done
rm -rf /tmp/npmtry; mkdir -p /tmp/npmtry/admin; cp package.json package-lock.json /tmp/npmtry;  cp admin/package.json /tmp/npmtry/admin
(cd /tmp/npmtry; timeout 90 npm ci --workspace=admin --omit=dev --ignore-scripts --no-audit --no-fund 2>&1 | tail -5; echo "admin only"; ls node_modules | wc -l; ls node_modules | tr '\n' ' '; ls admin; du -sh node_modules)
