/** One mail in one language: what comes before and after the code. */
export interface Text {
  subject: string;
  before: string;
  after: string;
}
