import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { PageHeader } from '../design/page.tsx';
import { EmptyState } from '../design/states.tsx';
import { useWords } from '../words/catalogue.ts';
import { shellWords } from '../words/shell.ts';

export function NotFoundPage(): ReactNode {
  const words = useWords(shellWords);
  return (
    <>
      <PageHeader title={words.notFound} />
      <EmptyState title={words.notFoundDetail}>
        <Link href="/live">{words.toLive}</Link>
      </EmptyState>
    </>
  );
}
