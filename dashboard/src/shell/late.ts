import { useEffect, useState } from 'react';

/** What is over sooner needs no sign that it goes on, ms. */
const soon = 500;

/** Whether something has been going on for longer than half a second. */
export function useIsLate(isRunning: boolean): boolean {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setTimeout(() => setIsLate(true), soon);
    return () => {
      clearTimeout(timer);
      setIsLate(false);
    };
  }, [isRunning]);
  return isLate && isRunning;
}
