import LogoutIcon from '@mui/icons-material/PhonelinkErase';
import SearchIcon from '@mui/icons-material/Search';
import { IconButton, ListItemIcon, ListItemText, MenuItem, Tooltip } from '@mui/material';
import { useEffect, type ReactElement, type ReactNode } from 'react';
import {
  AppBar,
  Layout,
  LoadingIndicator,
  LocalesMenuButton,
  Logout,
  ToggleThemeButton,
  useGetIdentity,
  useLocale,
  useLogout,
  UserMenu,
  useTranslate,
} from 'react-admin';
import { logOutEverywhere } from './auth-provider.ts';
import { useIsSmall } from './parts.tsx';

export function SiteLayout({ children }: { readonly children: ReactNode }): ReactElement {
  const locale = useLocale();
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  return <Layout appBar={SiteAppBar}>{children}</Layout>;
}

function SiteAppBar(): ReactElement {
  return <AppBar userMenu={<SiteUserMenu />} toolbar={<Tools />} />;
}

const shortLanguages = [
  { locale: 'en', name: 'EN' },
  { locale: 'ru', name: 'РУ' },
];

function Tools(): ReactElement {
  const translate = useTranslate();
  const small = useIsSmall();
  return (
    <>
      <Tooltip title={translate('site.search')}>
        <IconButton color="inherit" href="/" target="films-search" aria-label={translate('site.search')}>
          <SearchIcon />
        </IconButton>
      </Tooltip>
      <LocalesMenuButton {...(small && { languages: shortLanguages })} />
      <ToggleThemeButton />
      <LoadingIndicator />
    </>
  );
}

function SiteUserMenu(): ReactElement {
  const { identity } = useGetIdentity();
  // What it is called is what it shows.
  return (
    <UserMenu {...(identity?.fullName && { label: identity.fullName })}>
      <LogoutEverywhere />
      <Logout />
    </UserMenu>
  );
}

function LogoutEverywhere(): ReactElement {
  const translate = useTranslate();
  const logout = useLogout();
  const leave = async (): Promise<void> => {
    await logOutEverywhere();
    await logout();
  };
  return (
    <MenuItem onClick={() => void leave()}>
      <ListItemIcon>
        <LogoutIcon fontSize="small" />
      </ListItemIcon>
      <ListItemText>{translate('site.logout_everywhere')}</ListItemText>
    </MenuItem>
  );
}
