import { CacheProvider } from '@emotion/react';
import { createRoot } from 'react-dom/client';
import { createAdoptedCache } from './adopted-styles.ts';
import { Site } from './site.tsx';

const root = document.getElementById('page');
if (root !== null) {
  createRoot(root).render(
    <CacheProvider value={createAdoptedCache()}>
      <Site />
    </CacheProvider>,
  );
}
