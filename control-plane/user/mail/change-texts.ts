import type { Language } from "./languages.ts";
import type { Text } from "./text.ts";

export type ChangeKind = "passwordChanged" | "changeEmail" | "emailChangeAsked" | "emailWanted";

/** What owners are told of changes to their accounts. */
export const changeTexts: Record<ChangeKind, Record<Language, Text>> = {
  passwordChanged: {
    en: {
      subject: "Your password was changed",
      before: "The password of your account was changed, and every other session was ended.",
      after: "If it was not you, ask for a new password at once, and see who else reads your mail.",
    },
    fr: {
      subject: "Votre mot de passe a été modifié",
      before: "Le mot de passe de votre compte a été modifié, et toutes les autres sessions ont été fermées.",
      after:
        "Si ce n'était pas vous, demandez tout de suite un nouveau mot de passe, et vérifiez qui d'autre lit vos e-mails.",
    },
    de: {
      subject: "Ihr Passwort wurde geändert",
      before: "Das Passwort Ihres Kontos wurde geändert, und alle anderen Sitzungen wurden beendet.",
      after:
        "Wenn Sie das nicht waren, fordern Sie sofort ein neues Passwort an und prüfen Sie, wer sonst Ihre E-Mails liest.",
    },
    es: {
      subject: "Su contraseña ha cambiado",
      before: "La contraseña de su cuenta ha cambiado y todas las demás sesiones se han cerrado.",
      after: "Si no fue usted, pida enseguida una contraseña nueva y compruebe quién más lee su correo.",
    },
  },
  changeEmail: {
    en: {
      subject: "Confirm your new e-mail address",
      before: "With this code your account gets this e-mail address:",
      after:
        "It works for one hour, while you are signed in. If you did not ask for it, you need do nothing.",
    },
    fr: {
      subject: "Confirmez votre nouvelle adresse e-mail",
      before: "Avec ce code, votre compte reçoit cette adresse e-mail :",
      after:
        "Il est valable une heure, tant que vous êtes connecté. Si vous ne l'avez pas demandé, vous n'avez rien à faire.",
    },
    de: {
      subject: "Bestätigen Sie Ihre neue E-Mail-Adresse",
      before: "Mit diesem Code erhält Ihr Konto diese E-Mail-Adresse:",
      after:
        "Er gilt eine Stunde, solange Sie angemeldet sind. Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun.",
    },
    es: {
      subject: "Confirme su nuevo correo",
      before: "Con este código su cuenta recibe este correo:",
      after: "Vale una hora, mientras tenga la sesión iniciada. Si no lo ha pedido, no tiene que hacer nada.",
    },
  },
  emailChangeAsked: {
    en: {
      subject: "Your account is to have another e-mail address",
      before: "Somebody with your password has asked that your account get another e-mail address.",
      after: "If it was you, you need do nothing here. If it was not, ask for a new password at once.",
    },
    fr: {
      subject: "Votre compte doit changer d'adresse e-mail",
      before: "Quelqu'un qui a votre mot de passe a demandé une autre adresse e-mail pour votre compte.",
      after:
        "Si c'était vous, vous n'avez rien à faire ici. Sinon, demandez tout de suite un nouveau mot de passe.",
    },
    de: {
      subject: "Ihr Konto soll eine andere E-Mail-Adresse erhalten",
      before: "Jemand mit Ihrem Passwort möchte, dass Ihr Konto eine andere E-Mail-Adresse erhält.",
      after:
        "Wenn Sie das waren, brauchen Sie hier nichts zu tun. Sonst fordern Sie sofort ein neues Passwort an.",
    },
    es: {
      subject: "Su cuenta va a tener otro correo",
      before: "Alguien con su contraseña ha pedido que su cuenta tenga otro correo.",
      after: "Si fue usted, aquí no tiene que hacer nada. Si no, pida enseguida una contraseña nueva.",
    },
  },
  emailWanted: {
    en: {
      subject: "Another account was to have your e-mail address",
      before: "Somebody wanted to give another account this e-mail address, which has an account already.",
      after: "If it was you, use another address for that one. If it was not, you need do nothing.",
    },
    fr: {
      subject: "Un autre compte devait recevoir votre adresse e-mail",
      before: "Quelqu'un a voulu donner à un autre compte cette adresse e-mail, qui a déjà un compte.",
      after:
        "Si c'était vous, prenez une autre adresse pour celui-là. Sinon, vous n'avez rien à faire : rien n'a changé.",
    },
    de: {
      subject: "Ein anderes Konto sollte Ihre E-Mail-Adresse erhalten",
      before:
        "Jemand wollte einem anderen Konto diese E-Mail-Adresse geben, für die es schon ein Konto gibt.",
      after:
        "Wenn Sie das waren, nehmen Sie dafür eine andere Adresse. Sonst brauchen Sie nichts zu tun: Es wurde nichts geändert.",
    },
    es: {
      subject: "Otra cuenta iba a tener su correo",
      before: "Alguien ha querido dar a otra cuenta este correo, que ya tiene una cuenta.",
      after: "Si fue usted, use otro correo para esa cuenta. Si no, no tiene que hacer nada.",
    },
  },
};
