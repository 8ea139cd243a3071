import { Component } from 'react';
import type { ReactNode } from 'react';

import { Button } from '../design/button.tsx';
import { EmptyState } from '../design/states.tsx';
import { useWords } from '../words/catalogue.ts';
import { shellWords } from '../words/shell.ts';

type Props = { readonly children: ReactNode };

/** A page that throws while it draws itself does not take the frame with it. React logs it. */
export class Failure extends Component<Props, { readonly hasFailed: boolean }> {
  override readonly state = { hasFailed: false };

  static getDerivedStateFromError(): { readonly hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <Broken /> : this.props.children;
  }
}

function Broken(): ReactNode {
  const words = useWords(shellWords);
  return (
    <EmptyState title={words.broken}>
      <Button onClick={() => window.location.reload()}>{words.reload}</Button>
    </EmptyState>
  );
}
