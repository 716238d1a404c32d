import './components.css';
import './style.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries.ts';
import { LanguageProvider } from './messages/text.tsx';
import { router } from './router.tsx';
import { loadPagesWhenIdle } from './shell/lazy-page.tsx';
import { Theme } from './shell/theme.tsx';
import { SignInGate } from './sign-in/gate.tsx';

/** By it the server's content security policy knows the style elements that Mantine makes. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';
setNonce(nonce);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <LanguageProvider>
      <Theme nonce={nonce}>
        <QueryClientProvider client={queryClient}>
          <SignInGate>
            <RouterProvider router={router} />
          </SignInGate>
        </QueryClientProvider>
      </Theme>
    </LanguageProvider>
  </StrictMode>,
);
loadPagesWhenIdle();
