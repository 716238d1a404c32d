import {
  Alert,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  ScrollArea,
  Title,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useLiveNews, useWire } from '../api/live.ts';
import { useSpeech, useText } from '../messages/text.tsx';
import { Account } from '../sign-in/account.tsx';
import { Boundary } from './fault.tsx';
import { useNavigation } from './navigation.ts';
import { Shortcuts } from './shortcuts.tsx';

/** What stands around every page: name, navigation, language, light and dark. */
export function Frame() {
  const text = useText();
  const [opened, { toggle, close }] = useDisclosure();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useLiveNews();
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <Button className="skip" size="xs" onClick={() => document.getElementById('content')?.focus()}>
          {text('shell.skip')}
        </Button>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap" gap="sm">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={text('shell.openNavigation')}
              aria-expanded={opened}
            />
            <Title order={1} size="h4">
              Neutrino
            </Title>
            <Live />
          </Group>
          <Group wrap="nowrap" gap="xs">
            <Account />
            <Shortcuts />
            <Group wrap="nowrap" gap="xs" visibleFrom="sm">
              <SchemeSwitch />
              <LanguageSwitch />
            </Group>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={text('shell.navigation')}>
        <Group hiddenFrom="sm" p="xs" pb={0}>
          <SchemeSwitch />
          <LanguageSwitch />
        </Group>
        <ScrollArea type="auto" p="xs">
          <Navigation path={path} onChosen={close} />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Away />
        <Boundary key={path}>
          <Outlet />
        </Boundary>
      </AppShell.Main>
    </AppShell>
  );
}

function Navigation({ path, onChosen }: { path: string; onChosen: () => void }) {
  const text = useText();
  return useNavigation().map((section) => (
    <NavLink
      key={section.key}
      component="button"
      type="button"
      label={text(section.key)}
      defaultOpened={section.isOpen}
      childrenOffset={8}
    >
      {section.entries.map(({ to, label }) => (
        <NavLink
          key={to}
          renderRoot={(props) => <Link to={to} {...props} />}
          label={label}
          active={path === to}
          aria-current={path === to ? 'page' : undefined}
          onClick={onChosen}
        />
      ))}
    </NavLink>
  ));
}

function Live() {
  const text = useText();
  const live = useWire() === 'live';
  const label = text(live ? 'shell.live' : 'shell.notLive');
  return (
    <Tooltip label={label}>
      <span role="status" style={{ color: `var(--mantine-color-${live ? 'green' : 'yellow'}-6)` }}>
        ●<VisuallyHidden>{label}</VisuallyHidden>
      </span>
    </Tooltip>
  );
}

/** What is shown may be old: said where nobody overlooks it. */
function Away() {
  const text = useText();
  if (useWire() !== 'away') return null;
  return (
    <Alert color="yellow" role="alert" mb="md" title={text('shell.noAnswer')}>
      {text('shell.noAnswerText')}
    </Alert>
  );
}

function SchemeSwitch() {
  const text = useText();
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme('light') === 'light' ? 'dark' : 'light';
  return (
    <Button variant="subtle" size="compact-sm" onClick={() => setColorScheme(other)}>
      {text(`shell.${other}`)}
    </Button>
  );
}

function LanguageSwitch() {
  const { language, setLanguage, text } = useSpeech();
  return (
    <Button
      variant="subtle"
      size="compact-sm"
      lang={language === 'en' ? 'zh' : 'en'}
      title={text('shell.languageLabel')}
      onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}
    >
      {text('shell.language')}
    </Button>
  );
}
