/**
 * Known by their names: services on the internet, which share ports and, often, addresses. Only what belongs to the one
 * service is listed, so that a policy for a call does not catch its provider's shop.
 */
import { application } from './notation.ts';

export const services = [
  application('teams', 'Microsoft Teams', {
    // The media relays' networks, as published for customers' firewalls.
    prefixes: '52.112.0.0/14 52.122.0.0/15',
    names:
      'teams.microsoft.com teams.live.com teams.cloud.microsoft skype.com lync.com teams.events.data.microsoft.com',
  }),
  application('zoom', 'Zoom', {
    ports: 'udp/8801-8810 tcp/8801-8802',
    names: 'zoom.us zoom.com zoomgov.com zoomcdn.com',
  }),
  application('google-meet', 'Google Meet', {
    // Networks that carry only Meet's media, as published for customers' firewalls.
    prefixes: '74.125.250.0/24 2001:4860:4864:5::/64 142.250.82.0/24 2001:4860:4864:6::/64',
    names: 'meet.google.com meetings.googleapis.com hangouts.google.com',
  }),
  application('webex', 'Webex', {
    ports: 'udp/9000 udp/5004',
    names: 'webex.com wbx2.com ciscospark.com webexcontent.com ciscowebex.com',
  }),
  application('gotomeeting', 'GoTo', { names: 'goto.com gotomeeting.com gotowebinar.com getgo.com goto-rtc.com' }),
  application('ringcentral', 'RingCentral', { names: 'ringcentral.com ringcentral.biz glip.com' }),
  application('slack', 'Slack', { names: 'slack.com slack-edge.com slack-msgs.com slack-files.com slackb.com' }),
  application('discord', 'Discord', { names: 'discord.com discord.gg discordapp.com discord.media discordapp.net' }),
  application('whatsapp', 'WhatsApp', { names: 'whatsapp.com whatsapp.net' }),
  application('signal', 'Signal', { names: 'signal.org whispersystems.org' }),
  application('telegram', 'Telegram', { names: 'telegram.org t.me telegram.me' }),
  application('microsoft-365', 'Microsoft 365', {
    names:
      'office.com office365.com office.net outlook.com outlook.office.com sharepoint.com onenote.com officeapps.live.com ' +
      'microsoft365.com m365.cloud.microsoft outlook.cloud.microsoft sharepointonline.com svc.ms',
  }),
  application('onedrive', 'OneDrive', { names: 'onedrive.com onedrive.live.com storage.live.com 1drv.com' }),
  application('microsoft-login', 'Microsoft sign-in', {
    names:
      'login.microsoftonline.com login.live.com login.windows.net msauth.net msftauth.net aadcdn.microsoftonline-p.com',
  }),
  application('azure', 'Azure', {
    names:
      'azure.com azure.net azurewebsites.net core.windows.net database.windows.net azureedge.net azurefd.net trafficmanager.net',
  }),
  application('windows-update', 'Windows Update', {
    ports: 'tcp/7680',
    names: 'windowsupdate.com update.microsoft.com delivery.mp.microsoft.com',
  }),
  application('google-workspace', 'Google Workspace', {
    names:
      'docs.google.com drive.google.com mail.google.com calendar.google.com sheets.google.com slides.google.com ' +
      'sites.google.com chat.google.com contacts.google.com workspace.google.com gmail.com drive.usercontent.google.com',
  }),
  application('google-search', 'Google Search', { names: 'www.google.com' }),
  application('google-cloud', 'Google Cloud', { names: 'cloud.google.com run.app appspot.com cloudfunctions.net' }),
  application('aws', 'Amazon Web Services', { names: 'amazonaws.com aws.amazon.com awsstatic.com cloudfront.net' }),
  application('icloud', 'iCloud', { names: 'icloud.com icloud-content.com apple-cloudkit.com' }),
  application('apple-update', 'Apple software updates', {
    names: 'swcdn.apple.com swdist.apple.com updates.cdn-apple.com mesu.apple.com gdmf.apple.com swscan.apple.com',
  }),
  application('facetime', 'FaceTime', { names: 'facetime.apple.com' }),
  application('salesforce', 'Salesforce', { names: 'salesforce.com force.com lightning.com visualforce.com sfdc.net' }),
  application('servicenow', 'ServiceNow', { names: 'service-now.com servicenow.com' }),
  application('workday', 'Workday', { names: 'workday.com myworkday.com myworkdayjobs.com' }),
  application('hubspot', 'HubSpot', { names: 'hubspot.com hubapi.com hs-scripts.com' }),
  application('zendesk', 'Zendesk', { names: 'zendesk.com zdassets.com' }),
  application('atlassian', 'Atlassian', { names: 'atlassian.com atlassian.net jira.com bitbucket.org' }),
  application('notion', 'Notion', { names: 'notion.so notion.site notion.com' }),
  application('adobe', 'Adobe', { names: 'adobe.com adobe.io adobelogin.com typekit.net' }),
  application('docusign', 'Docusign', { names: 'docusign.com docusign.net' }),
  application('okta', 'Okta', { names: 'okta.com oktacdn.com okta-emea.com auth0.com' }),
  application('github', 'GitHub', { names: 'github.com githubusercontent.com githubassets.com ghcr.io github.io' }),
  application('gitlab', 'GitLab', { names: 'gitlab.com gitlab.io' }),
  application('docker', 'Docker Hub', { names: 'docker.io docker.com' }),
  application('debian', 'Debian packages', { names: 'deb.debian.org security.debian.org ftp.debian.org' }),
  application('ubuntu', 'Ubuntu packages', { names: 'archive.ubuntu.com security.ubuntu.com ports.ubuntu.com' }),
  application('npm', 'npm packages', { names: 'registry.npmjs.org npmjs.com' }),
  application('dropbox', 'Dropbox', { ports: 'udp/17500', names: 'dropbox.com dropboxusercontent.com dropboxapi.com' }),
  application('box', 'Box', { names: 'box.com boxcdn.net box.net' }),
  application('wetransfer', 'WeTransfer', { names: 'wetransfer.com' }),
  application('backblaze', 'Backblaze', { names: 'backblaze.com backblazeb2.com' }),
  application('acronis', 'Acronis backup', { names: 'acronis.com' }),
  application('teamviewer', 'TeamViewer', { ports: 'tcp/5938 udp/5938', names: 'teamviewer.com' }),
  application('anydesk', 'AnyDesk', { ports: 'tcp/7070 tcp/6568', names: 'anydesk.com' }),
  application('youtube', 'YouTube', {
    names: 'youtube.com googlevideo.com ytimg.com youtu.be youtube-nocookie.com youtubei.googleapis.com',
  }),
  application('netflix', 'Netflix', { names: 'netflix.com nflxvideo.net nflximg.net nflxext.com nflxso.net' }),
  application('disney-plus', 'Disney+', { names: 'disneyplus.com disney-plus.net bamgrid.com dssott.com' }),
  application('prime-video', 'Prime Video', { names: 'primevideo.com aiv-cdn.net aiv-delivery.net' }),
  application('twitch', 'Twitch', { names: 'twitch.tv ttvnw.net jtvnw.net' }),
  application('spotify', 'Spotify', { names: 'spotify.com scdn.co spotifycdn.com' }),
  application('vimeo', 'Vimeo', { names: 'vimeo.com vimeocdn.com' }),
  application('tiktok', 'TikTok', { names: 'tiktok.com tiktokv.com tiktokcdn.com' }),
  application('facebook', 'Facebook', { names: 'facebook.com fbcdn.net fb.com messenger.com' }),
  application('instagram', 'Instagram', { names: 'instagram.com cdninstagram.com' }),
  application('linkedin', 'LinkedIn', { names: 'linkedin.com licdn.com' }),
  application('x', 'X', { names: 'x.com twitter.com twimg.com t.co' }),
  application('reddit', 'Reddit', { names: 'reddit.com redd.it redditmedia.com redditstatic.com' }),
  application('wikipedia', 'Wikipedia', { names: 'wikipedia.org wikimedia.org' }),
  application('steam', 'Steam', {
    ports: 'udp/27020-27050 tcp/27036-27037',
    names: 'steampowered.com steamcontent.com steamstatic.com',
  }),
];
