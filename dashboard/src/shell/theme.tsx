import { type CSSVariablesResolver, createTheme, MantineProvider } from '@mantine/core';
import { type ReactNode, useMemo } from 'react';
import { useText } from '../messages/text.tsx';

/** Texts of second rank: Mantine's grey has too little contrast to be read by everybody (WCAG 1.4.3). */
const colours: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
  },
});

/** Its place for the first focus is no menu item, and so nothing that a menu may hold. */
const onlyItems = { defaultProps: { withInitialFocusPlaceholder: false } };

/** A list that opens as soon as it is reached hides what is below, errors of the field among it. */
const onDemand = { defaultProps: { openOnFocus: false } };

/** What it tells may be a name of any length. */
const ofLines = { defaultProps: { multiline: true, maw: 'min(90vw, 480px)' } };

/** Colours with enough contrast, and names for the buttons that are only a sign. */
export function Theme({ nonce, children }: { nonce: string; children: ReactNode }) {
  const text = useText();
  const theme = useMemo(() => {
    const closed = {
      defaultProps: {
        closeButtonProps: { 'aria-label': text('shell.close') },
        // The header of a dialog is not the page's: there is one banner.
        attributes: { header: { role: 'presentation' } },
      },
    };
    return createTheme({
      primaryShade: 8,
      respectReducedMotion: true,
      components: {
        ...{ Modal: closed, Drawer: closed, Menu: onlyItems, Select: onDemand, MultiSelect: onDemand },
        Tooltip: ofLines,
      },
    });
  }, [text]);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={colours} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      {children}
    </MantineProvider>
  );
}
