import { type ChangeKind, changeTexts } from "./change-texts.ts";
import type { Language } from "./languages.ts";
import type { Text } from "./text.ts";

export type MailKind =
  | "confirmEmail"
  | "confirmAddress"
  | "emailTaken"
  | "resetPassword"
  | "invitation"
  | "impersonated"
  | ChangeKind;

export const greetings: Record<Language, string> = {
  en: "Hello,",
  fr: "Bonjour,",
  de: "Guten Tag,",
  es: "Hola:",
};

export const texts: Record<MailKind, Record<Language, Text>> = {
  ...changeTexts,
  confirmEmail: {
    en: {
      subject: "Confirm your e-mail address",
      before: "With this code and your password you confirm that this e-mail address is yours:",
      after: "It works for one hour. If you did not sign up, you need do nothing.",
    },
    fr: {
      subject: "Confirmez votre adresse e-mail",
      before: "Avec ce code et votre mot de passe, vous confirmez que cette adresse e-mail est la vôtre :",
      after: "Il est valable une heure. Si vous ne vous êtes pas inscrit, vous n'avez rien à faire.",
    },
    de: {
      subject: "Bestätigen Sie Ihre E-Mail-Adresse",
      before: "Mit diesem Code und Ihrem Passwort bestätigen Sie, dass diese E-Mail-Adresse Ihnen gehört:",
      after: "Er gilt eine Stunde. Wenn Sie sich nicht angemeldet haben, brauchen Sie nichts zu tun.",
    },
    es: {
      subject: "Confirme su dirección de correo",
      before: "Con este código y su contraseña confirma que este correo es suyo:",
      after: "Vale una hora. Si no se ha registrado, no tiene que hacer nada.",
    },
  },
  confirmAddress: {
    en: {
      subject: "Confirm the e-mail address of your account",
      before: "With this code you confirm that this e-mail address belongs to your account:",
      after:
        "It works for one hour, while you are signed in. If you did not ask for it, you need do nothing.",
    },
    fr: {
      subject: "Confirmez l'adresse e-mail de votre compte",
      before: "Avec ce code, vous confirmez que cette adresse e-mail est celle de votre compte :",
      after:
        "Il est valable une heure, tant que vous êtes connecté. Si vous ne l'avez pas demandé, vous n'avez rien à faire.",
    },
    de: {
      subject: "Bestätigen Sie die E-Mail-Adresse Ihres Kontos",
      before: "Mit diesem Code bestätigen Sie, dass diese E-Mail-Adresse zu Ihrem Konto gehört:",
      after:
        "Er gilt eine Stunde, solange Sie angemeldet sind. Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun.",
    },
    es: {
      subject: "Confirme el correo de su cuenta",
      before: "Con este código confirma que este correo es el de su cuenta:",
      after: "Vale una hora, mientras tenga la sesión iniciada. Si no lo ha pedido, no tiene que hacer nada.",
    },
  },
  emailTaken: {
    en: {
      subject: "You have an account already",
      before: "Somebody has tried to sign up with this e-mail address, which has an account already.",
      after:
        "If it was you, sign in, or ask for a new password. If it was not, you need do nothing: nothing was changed.",
    },
    fr: {
      subject: "Vous avez déjà un compte",
      before: "Quelqu'un a voulu s'inscrire avec cette adresse e-mail, qui a déjà un compte.",
      after:
        "Si c'était vous, connectez-vous ou demandez un nouveau mot de passe. Sinon, vous n'avez rien à faire : rien n'a changé.",
    },
    de: {
      subject: "Sie haben schon ein Konto",
      before: "Jemand wollte sich mit dieser E-Mail-Adresse anmelden, für die es schon ein Konto gibt.",
      after:
        "Wenn Sie es waren, melden Sie sich an oder fordern Sie ein neues Passwort an. Sonst brauchen Sie nichts zu tun: Es wurde nichts geändert.",
    },
    es: {
      subject: "Ya tiene una cuenta",
      before: "Alguien ha intentado registrarse con este correo, que ya tiene una cuenta.",
      after:
        "Si fue usted, inicie sesión o pida una contraseña nueva. Si no, no tiene que hacer nada: nada ha cambiado.",
    },
  },
  resetPassword: {
    en: {
      subject: "Set a new password",
      before: "With this code you can set a new password:",
      after: "It works for one hour and once. If you did not ask for it, you need do nothing.",
    },
    fr: {
      subject: "Choisissez un nouveau mot de passe",
      before: "Avec ce code, vous pouvez choisir un nouveau mot de passe :",
      after:
        "Il est valable une heure et une seule fois. Si vous ne l'avez pas demandé, vous n'avez rien à faire.",
    },
    de: {
      subject: "Setzen Sie ein neues Passwort",
      before: "Mit diesem Code können Sie ein neues Passwort setzen:",
      after:
        "Er gilt eine Stunde und einmal. Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun.",
    },
    es: {
      subject: "Elija una contraseña nueva",
      before: "Con este código puede elegir una contraseña nueva:",
      after: "Vale una hora y una sola vez. Si no lo ha pedido, no tiene que hacer nada.",
    },
  },
  invitation: {
    en: {
      subject: "You are invited to an organisation",
      before:
        "Somebody asks you to become a member of their organisation. Sign in with the account of this e-mail address, or sign up with it, and accept by this code:",
      named: "They call the organisation",
      after: "It works for seven days and once. If you do not know of it, you need do nothing.",
    },
    fr: {
      subject: "Vous êtes invité dans une organisation",
      before:
        "Quelqu'un vous demande de devenir membre de son organisation. Connectez-vous avec le compte de cette adresse e-mail, ou inscrivez-vous avec elle, et acceptez avec ce code :",
      named: "Nom qu'on a donné à l'organisation :",
      after:
        "Il est valable sept jours et une seule fois. Si cela ne vous dit rien, vous n'avez rien à faire.",
    },
    de: {
      subject: "Sie sind in eine Organisation eingeladen",
      before:
        "Jemand bittet Sie, Mitglied seiner Organisation zu werden. Melden Sie sich mit dem Konto dieser E-Mail-Adresse an, oder registrieren Sie sich mit ihr, und nehmen Sie mit diesem Code an:",
      named: "So heißt die Organisation dort:",
      after: "Er gilt sieben Tage und einmal. Wenn Sie nichts davon wissen, brauchen Sie nichts zu tun.",
    },
    es: {
      subject: "Le invitan a una organización",
      before:
        "Alguien le pide que sea miembro de su organización. Inicie sesión con la cuenta de este correo, o regístrese con él, y acepte con este código:",
      named: "Así llaman a la organización:",
      after: "Vale siete días y una sola vez. Si no sabe de qué se trata, no tiene que hacer nada.",
    },
  },
  impersonated: {
    en: {
      subject: "Our staff have entered your account",
      before: "Somebody of the platform's staff has entered your account, for one hour at most, from:",
      after:
        "They do not know your password and cannot change it. All that they do is written down. If you did not expect this, ask whoever runs the platform for you.",
    },
    fr: {
      subject: "Notre équipe est entrée dans votre compte",
      before:
        "Un membre de l'équipe de la plateforme est entré dans votre compte, pour une heure au plus, à partir de :",
      after:
        "Il ne connaît pas votre mot de passe et ne peut pas le changer. Tout ce qu'il fait est consigné. Si vous ne vous y attendiez pas, demandez à ceux qui gèrent la plateforme pour vous.",
    },
    de: {
      subject: "Unser Team hat Ihr Konto betreten",
      before: "Jemand aus dem Team der Plattform hat Ihr Konto betreten, für höchstens eine Stunde, ab:",
      after:
        "Ihr Passwort ist dabei nicht bekannt und kann nicht geändert werden. Alles, was getan wird, wird festgehalten. Wenn Sie das nicht erwartet haben, fragen Sie die Betreiber Ihrer Plattform.",
    },
    es: {
      subject: "Nuestro equipo ha entrado en su cuenta",
      before: "Alguien del equipo de la plataforma ha entrado en su cuenta, por una hora como máximo, desde:",
      after:
        "No conoce su contraseña ni puede cambiarla. Todo lo que hace queda registrado. Si no lo esperaba, pregunte a quienes gestionan la plataforma.",
    },
  },
};
