import type { ButtonHTMLAttributes, ReactNode } from 'react';

import { Icon } from './icon.tsx';
import type { IconName } from './icon.tsx';
import css from './button.module.css';

export type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'style'> & {
  readonly look?: 'plain' | 'main' | 'quiet' | 'danger';
  readonly size?: 'normal' | 'small';
  readonly icon?: IconName;
  /** Why it cannot be pressed now. It stays reachable, so that everybody can read the reason. */
  readonly refusal?: string | undefined;
  readonly isPressed?: boolean;
};

export function Button(
  { look = 'plain', size = 'normal', icon, refusal, isPressed, children, ...rest }: ButtonProps,
): ReactNode {
  const isRefused = refusal !== undefined && refusal !== '';
  return (
    <button
      type="button"
      {...rest}
      {...(isPressed === undefined ? {} : { 'aria-pressed': isPressed })}
      {...(isRefused
        ? { 'aria-disabled': true, title: refusal, onClick: (event) => event.preventDefault() }
        : {})}
      className={`${css.button} ${css[look]} ${css[size]}`}
    >
      {icon !== undefined && <Icon name={icon} size={14} />}
      {children}
      {isRefused && <span className="for-screen-readers">({refusal})</span>}
    </button>
  );
}

/** Only a picture to press: `label` is what it is called. */
export function IconButton(
  { label, icon, ...rest }: ButtonProps & { readonly label: string; readonly icon: IconName },
): ReactNode {
  return (
    <Button look="quiet" {...rest} aria-label={label} title={rest.refusal ?? label} icon={icon} />
  );
}
