import LogoutIcon from '@mui/icons-material/PhonelinkErase';
import SearchIcon from '@mui/icons-material/Search';
import { IconButton, ListItemIcon, ListItemText, MenuItem, Tooltip } from '@mui/material';
import type { ReactElement, ReactNode } from 'react';
import {
  AppBar,
  Layout,
  LoadingIndicator,
  LocalesMenuButton,
  Logout,
  ToggleThemeButton,
  useGetIdentity,
  useLogout,
  UserMenu,
  useTranslate,
} from 'react-admin';
import { logOutEverywhere } from './auth-provider.ts';

export function SiteLayout({ children }: { readonly children: ReactNode }): ReactElement {
  return <Layout appBar={SiteAppBar}>{children}</Layout>;
}

function SiteAppBar(): ReactElement {
  return <AppBar userMenu={<SiteUserMenu />} toolbar={<Tools />} />;
}

function Tools(): ReactElement {
  const translate = useTranslate();
  return (
    <>
      <Tooltip title={translate('site.search')}>
        <IconButton color="inherit" href="/" target="films-search" aria-label={translate('site.search')}>
          <SearchIcon />
        </IconButton>
      </Tooltip>
      <LocalesMenuButton />
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
