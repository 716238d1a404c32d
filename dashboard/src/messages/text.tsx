import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { allMessages, type MessageKey } from './all.ts';
import { descriptionIn } from './descriptions.ts';
import { attributeName, oneOf, titleOf } from './resources.ts';

export type Language = 'en' | 'zh';
export type Values = Readonly<Record<string, string | number>>;
/** The text of a key in the language of the page; values are put in as they are, and shown as text. */
export type Text = (key: MessageKey, values?: Values) => string;

interface Speech {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly text: Text;
}

const Speech = createContext<Speech | null>(null);
const stored = 'neutrino-language';

export function textIn(language: Language): Text {
  const at = language === 'en' ? 0 : 1;
  return (key, values = {}) =>
    allMessages[key][at].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    localStorage.setItem(stored, language);
  }, [language]);
  const speech = useMemo(() => ({ language, setLanguage, text: textIn(language) }), [language]);
  return <Speech.Provider value={speech}>{children}</Speech.Provider>;
}

function firstLanguage(): Language {
  const wanted = localStorage.getItem(stored) ?? navigator.language;
  return wanted.startsWith('zh') ? 'zh' : 'en';
}

export function useSpeech(): Speech {
  const speech = useContext(Speech);
  if (!speech) throw new Error('outside of the LanguageProvider');
  return speech;
}

export function useText(): Text {
  return useSpeech().text;
}

/** What resources and attributes are called in the language of the page. */
export function useNames(): {
  title(collection: string): string;
  /** Of one of them. */
  one(resource: { readonly collection: string; readonly member: string }): string;
  attribute(name: string): string;
  /** What the server says of an attribute, from its English words. */
  description(english: string): string;
} {
  const { language } = useSpeech();
  const at = language === 'en' ? 0 : 1;
  return {
    title: (collection) => titleOf(collection)[at],
    one: ({ collection, member }) => oneOf(collection, member)[at],
    attribute: (name) => attributeName(name)[at],
    description: (english) => descriptionIn(language, english),
  };
}
