import { Button, Kbd, Modal, Table } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useText } from '../messages/text.tsx';
import { shortcutKeys, shortcutOf } from './shortcut-keys.ts';

const rows = [
  ['n', 'shell.keyNew'],
  ['/', 'shell.keySearch'],
  ['?', 'shell.keyHelp'],
  ['Esc', 'shell.keyClose'],
  ['Tab', 'shell.keyTab'],
  ['Enter', 'shell.keyEnter'],
] as const;

/** Follows the keys that do the same on every page, and tells of them. A page marks what they are for: `data-new`, `data-search`. */
export function Shortcuts() {
  const text = useText();
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => {
    const follow = (event: KeyboardEvent) => {
      const at = event.target instanceof HTMLElement ? event.target : null;
      const place = at && {
        ...{ tagName: at.tagName, isContentEditable: at.isContentEditable },
        role: at.getAttribute('role'),
      };
      const key = shortcutOf(event, place);
      // What a dialog covers is out of reach.
      if (key === null || document.querySelector('[role=dialog]') !== null) return;
      const mark = shortcutKeys[key];
      const found = mark && document.querySelector<HTMLElement>(`#content [${mark}]`);
      if (mark !== null && !found) return;
      // Or the letter is typed into what opens.
      event.preventDefault();
      if (!found) setIsOpen(true);
      else if (key === 'n') found.click();
      else found.focus();
    };
    document.addEventListener('keydown', follow);
    return () => document.removeEventListener('keydown', follow);
  }, []);
  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        visibleFrom="sm"
        aria-label={text('shell.keys')}
        title={text('shell.keys')}
        onClick={() => setIsOpen(true)}
      >
        ?
      </Button>
      <Modal opened={isOpen} onClose={() => setIsOpen(false)} title={text('shell.keys')}>
        <Table>
          <Table.Tbody>
            {rows.map(([key, meaning]) => (
              <Table.Tr key={key}>
                <Table.Th scope="row" w={90}>
                  <Kbd>{key}</Kbd>
                </Table.Th>
                <Table.Td>{text(meaning)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Modal>
    </>
  );
}
