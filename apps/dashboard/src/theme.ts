import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core';

/** The accent: the silver-blue of a guardian's light. Everything that can be pressed, and nothing else, wears it. */
const glacier: MantineColorsTuple = [
  '#e8f6fc',
  '#d0eaf6',
  '#a3d6ee',
  '#72c1e6',
  '#54b4e2',
  '#3a9fd0',
  '#1a7fae',
  '#0c6b97',
  '#06587e',
  '#033f5c',
];

/** Neutrals with a trace of the accent's blue, so that greys and accent belong together. */
const gray: MantineColorsTuple = [
  '#f6f7f9',
  '#eef0f3',
  '#e2e6eb',
  '#cfd5dd',
  '#adb6c2',
  '#87919f',
  '#67717f',
  '#4b5563',
  '#2c3440',
  '#151b24',
];

const dark: MantineColorsTuple = [
  '#dfe5ee',
  '#b3bdcb',
  '#8893a4',
  '#5f6b7d',
  '#2a3341',
  '#222a36',
  '#161c25',
  '#0d1117',
  '#0a0d12',
  '#06080c',
];

const green: MantineColorsTuple = [
  '#e5f8f0',
  '#cfeee1',
  '#9fdec4',
  '#6bcda5',
  '#43bf8b',
  '#2bb67b',
  '#149a63',
  '#0d7d50',
  '#06633e',
  '#00472b',
];

const red: MantineColorsTuple = [
  '#ffeceb',
  '#fbd5d3',
  '#f4a9a5',
  '#f07f79',
  '#ec6a63',
  '#e4524a',
  '#cf3a33',
  '#b42a24',
  '#931d18',
  '#6f110d',
];

const sans =
  'Inter, "Inter Variable", -apple-system, BlinkMacSystemFont, "Segoe UI Variable Text", "Segoe UI", Roboto, Ubuntu, Cantarell, "Helvetica Neue", "Liberation Sans", Arial, system-ui, sans-serif';
const mono =
  'ui-monospace, "SF Mono", "JetBrains Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace';

/** Buttons wear our tokens, so that both themes keep their contrast. Red is for what cannot be undone. */
const variantColors: VariantColorsResolver = (input) => {
  const plain = defaultVariantColorsResolver(input);
  const isRed = input.color === 'red';
  if (input.variant === 'filled') {
    const name = isRed ? 'danger' : 'accent';
    return {
      ...plain,
      background: `var(--pt-${name}-fill)`,
      hover: `var(--pt-${name}-fill-hover)`,
      color: `var(--pt-on-${name})`,
    };
  }
  if (input.variant === 'subtle' && input.color !== 'gray') {
    return { ...plain, color: isRed ? 'var(--pt-down)' : 'var(--pt-accent)' };
  }
  return plain;
};

export const theme = createTheme({
  variantColorResolver: variantColors,
  primaryColor: 'glacier',
  primaryShade: { light: 7, dark: 4 },
  colors: { glacier, gray, dark, green, red },
  white: '#ffffff',
  black: '#151b24',
  fontFamily: sans,
  fontFamilyMonospace: mono,
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.5' },
  headings: {
    fontFamily: sans,
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '0.9375rem', lineHeight: '1.4' },
      h3: { fontSize: '0.8125rem', lineHeight: '1.4' },
    },
  },
  spacing: { xs: '0.5rem', sm: '0.75rem', md: '1rem', lg: '1.5rem', xl: '2rem' },
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '14px' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { size: 'sm' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Textarea: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm' } },
    TagsInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    NumberInput: { defaultProps: { size: 'sm' } },
    Modal: {
      defaultProps: {
        radius: 'lg',
        padding: 'lg',
        overlayProps: { backgroundOpacity: 0.5, blur: 3 },
        transitionProps: { duration: 120 },
      },
    },
    Drawer: { defaultProps: { overlayProps: { backgroundOpacity: 0.5, blur: 2 } } },
    Menu: { defaultProps: { radius: 'md', shadow: 'md', transitionProps: { duration: 100 } } },
    Tooltip: { defaultProps: { openDelay: 250, transitionProps: { duration: 100 } } },
  },
});

/** Our own tokens beside Mantine's; `styles/` and the charts use only these. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f6f7f9',
    '--mantine-color-text': '#151b24',
    '--mantine-color-dimmed': '#5b6573',
    '--mantine-color-default-border': '#d9dee5',
    '--mantine-color-error': '#b42a24',
    '--mantine-color-anchor': '#0c6b97',
    '--mantine-color-placeholder': '#87919f',
    '--pt-sidebar': '#eff1f4',
    '--pt-surface': '#ffffff',
    '--pt-sunken': '#f1f3f6',
    '--pt-hover': '#f4f6f9',
    '--pt-field': '#ffffff',
    '--pt-line': '#e3e7ec',
    '--pt-line-strong': '#cfd5dd',
    '--pt-accent': '#0c6b97',
    '--pt-accent-soft': '#e1f0f7',
    '--pt-accent-fill': '#0c6b97',
    '--pt-accent-fill-hover': '#085a80',
    '--pt-on-accent': '#ffffff',
    '--pt-danger-fill': '#b42a24',
    '--pt-danger-fill-hover': '#98201b',
    '--pt-on-danger': '#ffffff',
    '--pt-up': '#0d7d50',
    '--pt-up-soft': '#e0f3ea',
    '--pt-down': '#b42a24',
    '--pt-down-soft': '#fce6e4',
    '--pt-warn': '#8d5a00',
    '--pt-warn-soft': '#fbefd6',
    '--pt-idle': '#67717f',
    '--pt-idle-soft': '#eaedf1',
    '--pt-series-1': '#1a7fae',
    '--pt-series-2': '#7a5bc9',
    '--pt-series-3': '#b7791f',
    '--pt-series-4': '#2b9a73',
    '--pt-series-5': '#c2517f',
    '--pt-series-6': '#5a6b86',
    '--pt-shadow': '0 1px 2px rgb(20 30 45 / 5%), 0 1px 1px rgb(20 30 45 / 3%)',
  },
  dark: {
    '--mantine-color-body': '#0d1117',
    '--mantine-color-text': '#dfe5ee',
    '--mantine-color-dimmed': '#8b96a8',
    '--mantine-color-default': '#11171f',
    '--mantine-color-default-hover': '#1b232e',
    '--mantine-color-default-border': '#2a3341',
    '--mantine-color-error': '#ff7a73',
    '--mantine-color-anchor': '#6cc5ef',
    '--mantine-color-placeholder': '#5f6b7d',
    '--pt-sidebar': '#0a0e13',
    '--pt-surface': '#131921',
    '--pt-sunken': '#0e141b',
    '--pt-hover': '#18202a',
    '--pt-field': '#0e141b',
    '--pt-line': '#212a36',
    '--pt-line-strong': '#2f3a49',
    '--pt-accent': '#6cc5ef',
    '--pt-accent-soft': '#10293a',
    '--pt-accent-fill': '#6cc5ef',
    '--pt-accent-fill-hover': '#8fd4f5',
    '--pt-on-accent': '#06202e',
    '--pt-danger-fill': '#d8453d',
    '--pt-danger-fill-hover': '#e4564f',
    '--pt-on-danger': '#ffffff',
    '--pt-up': '#43d39a',
    '--pt-up-soft': '#0f2b22',
    '--pt-down': '#ff7a73',
    '--pt-down-soft': '#371a1b',
    '--pt-warn': '#f2b750',
    '--pt-warn-soft': '#322510',
    '--pt-idle': '#8b96a8',
    '--pt-idle-soft': '#1d2530',
    '--pt-series-1': '#5cbcec',
    '--pt-series-2': '#a990f0',
    '--pt-series-3': '#e0ab55',
    '--pt-series-4': '#4cc79a',
    '--pt-series-5': '#ec86ad',
    '--pt-series-6': '#93a3bc',
    '--pt-shadow': '0 1px 2px rgb(0 0 0 / 30%)',
  },
});
