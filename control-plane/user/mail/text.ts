/** One mail in one language: what comes before and after the code. */
export interface Text {
  subject: string;
  before: string;
  /** Leads to the name of what it is about. */
  named?: string;
  after: string;
}
